// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

/// @title All that is kept of an account
/// @author Calanque
/// @notice `lastMovedDay(32) << 104 | kind(8) << 96 | units(96)` in one word.
/// @dev A word, not a struct: the compiler writes a packed struct field by field, which costs 800 gas more per reward.
type AccountSlot is uint256;

using AccountSlots for AccountSlot global;

/// @title Reading and writing of an account's word
/// @author Calanque
library AccountSlots {
    uint256 private constant UNITS_MASK = type(uint96).max;
    uint256 private constant KIND_MASK = uint256(type(uint8).max) << 96;

    /// @notice Balance.
    function units(AccountSlot slot) internal pure returns (uint256) {
        return AccountSlot.unwrap(slot) & UNITS_MASK;
    }

    /// @notice 0 citizen, 1 desk, 2 forfeit, 3 issuer, 4 closed.
    function kind(AccountSlot slot) internal pure returns (uint256) {
        return (AccountSlot.unwrap(slot) & KIND_MASK) >> 96;
    }

    /// @notice Whether the kind is 0, without shifting it down first.
    function isCitizen(AccountSlot slot) internal pure returns (bool) {
        return AccountSlot.unwrap(slot) & KIND_MASK == 0;
    }

    /// @notice UTC day number of the last movement.
    function lastMovedDay(AccountSlot slot) internal pure returns (uint256) {
        return AccountSlot.unwrap(slot) >> 104;
    }

    /// @notice The same account with another balance, moved today.
    /// @dev The callers keep `balance` below 2^96 and `day` is a day number.
    function moved(AccountSlot slot, uint256 balance, uint256 day) internal pure returns (AccountSlot) {
        return AccountSlot.wrap((day << 104) | (AccountSlot.unwrap(slot) & KIND_MASK) | balance);
    }

    /// @notice A citizen's account (kind 0, as the callers checked) with another balance, moved today.
    function citizenMoved(uint256 balance, uint256 day) internal pure returns (AccountSlot) {
        return AccountSlot.wrap((day << 104) | balance);
    }

    /// @notice The same account with another kind, below 2^8.
    function withKind(AccountSlot slot, uint256 newKind) internal pure returns (AccountSlot) {
        return AccountSlot.wrap((AccountSlot.unwrap(slot) & ~KIND_MASK) | (newKind << 96));
    }
}
