// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

/// @title The cheat codes that these tests use; forge-std is on no registry
// The name by which Foundry's own library and documentation call it.
// forge-lint: disable-next-line(interface-naming)
interface Vm {
    function prank(address sender) external;
    function warp(uint256 timestamp) external;
    function addr(uint256 key) external pure returns (address);
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function assume(bool condition) external pure;
}

/// @title Base of the tests
abstract contract Checks {
    Vm internal constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    error CheckFailed(string what, uint256 actual, uint256 expected);

    function _same(string memory what, uint256 actual, uint256 expected) internal pure {
        if (actual != expected) revert CheckFailed(what, actual, expected);
    }

    function _holds(string memory what, bool condition) internal pure {
        if (!condition) revert CheckFailed(what, 0, 1);
    }
}
