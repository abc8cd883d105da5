// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

/// @title Layout of a reward word
/// @author Calanque
/// @notice `address(160) << 96 | id(48) << 48 | units(48)`; `id = tranche(4) << 44 | incarnation(12) << 32 | counter(32)`.
library RewardWord {
    uint256 private constant MASK_48 = type(uint48).max;
    uint256 private constant MASK_12 = 0x0fff;

    /// @notice Who is rewarded.
    function recipientOf(bytes32 word) internal pure returns (address) {
        return address(uint160(uint256(word) >> 96));
    }

    /// @notice Which reward it is, below 2^48.
    function idOf(bytes32 word) internal pure returns (uint256) {
        return (uint256(word) >> 48) & MASK_48;
    }

    /// @notice How many units it gives, below 2^48.
    function unitsOf(bytes32 word) internal pure returns (uint256) {
        return uint256(word) & MASK_48;
    }

    /// @notice Which incarnation of the books made an id.
    function incarnationOf(uint256 id) internal pure returns (uint256) {
        return (id >> 32) & MASK_12;
    }
}
