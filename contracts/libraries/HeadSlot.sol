// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

/// @title All that is kept of the token as a whole
/// @author Calanque
/// @notice `mintDay(32) << 224 | incarnation(16) << 208 | spendPaused(8) << 200 | mintPaused(8) << 192 |
/// mintedUnits(96) << 96 | supplyUnits(96)` in one word, so that a batch reads and writes it once.
type HeadSlot is uint256;

using HeadSlots for HeadSlot global;

/// @title Reading and writing of the token's word
/// @author Calanque
library HeadSlots {
    uint256 private constant UNITS_MASK = type(uint96).max;
    uint256 private constant MINT_PAUSED = 1 << 192;
    uint256 private constant SPEND_PAUSED = 1 << 200;
    uint256 private constant INCARNATION_MASK = uint256(type(uint16).max) << 208;
    uint256 private constant SWITCHES_MASK = INCARNATION_MASK | MINT_PAUSED | SPEND_PAUSED;

    /// @notice Units in existence.
    function supplyUnits(HeadSlot slot) internal pure returns (uint256) {
        return HeadSlot.unwrap(slot) & UNITS_MASK;
    }

    /// @notice Units minted on `day`; 0 when the last mint was on another day.
    function mintedUnitsOn(HeadSlot slot, uint256 day) internal pure returns (uint256) {
        uint256 raw = HeadSlot.unwrap(slot);
        return raw >> 224 == day ? (raw >> 96) & UNITS_MASK : 0;
    }

    /// @notice Latest incarnation handed out.
    function incarnation(HeadSlot slot) internal pure returns (uint256) {
        return (HeadSlot.unwrap(slot) & INCARNATION_MASK) >> 208;
    }

    /// @notice Whether minting is stopped.
    function isMintPaused(HeadSlot slot) internal pure returns (bool) {
        return HeadSlot.unwrap(slot) & MINT_PAUSED != 0;
    }

    /// @notice Whether spending is stopped.
    function isSpendPaused(HeadSlot slot) internal pure returns (bool) {
        return HeadSlot.unwrap(slot) & SPEND_PAUSED != 0;
    }

    /// @notice The same token after a mint.
    /// @dev The callers keep both sums below 2^96 and `day` is a day number.
    function minted(HeadSlot slot, uint256 supply, uint256 todayUnits, uint256 day) internal pure returns (HeadSlot) {
        uint256 kept = HeadSlot.unwrap(slot) & SWITCHES_MASK;
        return HeadSlot.wrap((day << 224) | kept | (todayUnits << 96) | supply);
    }

    /// @notice The same token with fewer units; `units` is at most the supply.
    function burned(HeadSlot slot, uint256 units) internal pure returns (HeadSlot) {
        return HeadSlot.wrap(HeadSlot.unwrap(slot) - units);
    }

    /// @notice The same token with minting stopped or allowed.
    function withMintPaused(HeadSlot slot, bool isPaused) internal pure returns (HeadSlot) {
        uint256 rest = HeadSlot.unwrap(slot) & ~MINT_PAUSED;
        return HeadSlot.wrap(isPaused ? rest | MINT_PAUSED : rest);
    }

    /// @notice The same token with spending stopped or allowed.
    function withSpendPaused(HeadSlot slot, bool isPaused) internal pure returns (HeadSlot) {
        uint256 rest = HeadSlot.unwrap(slot) & ~SPEND_PAUSED;
        return HeadSlot.wrap(isPaused ? rest | SPEND_PAUSED : rest);
    }

    /// @notice The same token with another incarnation, at most 4095.
    function withIncarnation(HeadSlot slot, uint256 number) internal pure returns (HeadSlot) {
        return HeadSlot.wrap((HeadSlot.unwrap(slot) & ~INCARNATION_MASK) | (number << 208));
    }
}
