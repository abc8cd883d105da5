// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

/// @title Layout of a reward word
/// @author Calanque
/// @notice `address(160) << 96 | id(48) << 48 | units(48)`; `id = tranche(4) << 44 | incarnation(12) << 32 | counter(32)`.
library RewardWord {
    /// @notice Who is rewarded.
    function recipientOf(bytes32 word) internal pure returns (address) {
        return address(bytes20(word));
    }

    /// @notice Which reward it is.
    function idOf(bytes32 word) internal pure returns (uint48) {
        // Truncation on purpose: the 48 bits above the units are the id.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint48(uint256(word) >> 48);
    }

    /// @notice How many units it gives.
    function unitsOf(bytes32 word) internal pure returns (uint48) {
        // Truncation on purpose: the lowest 48 bits are the units.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint48(uint256(word));
    }

    /// @notice Which incarnation of the books made an id.
    function incarnationOf(uint48 id) internal pure returns (uint16) {
        return uint16(id >> 32) & 0x0fff;
    }
}
