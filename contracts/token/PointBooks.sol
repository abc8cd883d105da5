// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

import {IEcoToken} from "../interfaces/IEcoToken.sol";

/// @title Books of the token
/// @author Calanque
/// @notice Keeps balances and supply in one slot per account and one for the whole; offers no door of its own.
abstract contract PointBooks is IEcoToken {
    /// @dev All that is kept of an account, in one slot.
    struct Account {
        uint96 units;
        uint8 kind;
        uint32 lastMovedDay;
    }

    /// @dev All that is kept of the whole, in one slot, so that a batch reads and writes it once.
    struct Head {
        uint96 supplyUnits;
        uint96 mintedUnits;
        uint32 mintDay;
        uint16 incarnation;
        bool isMintPaused;
        bool isSpendPaused;
    }

    uint8 internal constant KIND_CITIZEN = 0;
    uint8 internal constant KIND_DESK = 1;
    uint8 internal constant KIND_FORFEIT = 2;

    Head internal _head;

    mapping(address account => Account) internal _accounts;

    /// @inheritdoc IEcoToken
    function accountOf(address account) external view returns (uint96 units, uint8 kind, uint32 lastMovedDay) {
        Account memory held = _accounts[account];
        return (held.units, held.kind, held.lastMovedDay);
    }

    /// @notice Name of the token.
    function name() external pure returns (string memory) {
        return "Calanque Points";
    }

    /// @notice Symbol of the token.
    function symbol() external pure returns (string memory) {
        return "CALQ";
    }

    /// @notice One point is 100 units.
    function decimals() external pure returns (uint8) {
        return 2;
    }

    /// @notice Units in existence.
    function totalSupply() external view returns (uint256) {
        return _head.supplyUnits;
    }

    /// @notice Units of an account.
    function balanceOf(address account) external view returns (uint256) {
        return _accounts[account].units;
    }

    /// @notice Nobody can allow anybody anything.
    function allowance(address, address) external pure returns (uint256) {
        return 0;
    }

    /// @notice Always reverts: the loop is closed.
    function transfer(address, uint256) external pure returns (bool) {
        revert EcoToken_ClosedLoop();
    }

    /// @notice Always reverts: the loop is closed.
    function approve(address, uint256) external pure returns (bool) {
        revert EcoToken_ClosedLoop();
    }

    /// @notice Always reverts: the loop is closed.
    function transferFrom(address, address, uint256) external pure returns (bool) {
        revert EcoToken_ClosedLoop();
    }

    /// @dev Take units off a balance; the caller gives them somewhere or lowers the supply.
    function _debit(address from, uint256 units) internal {
        Account memory held = _accounts[from];
        if (held.units < units) revert EcoToken_BalanceInsufficient(from, held.units, units);
        // The check above bounds `units` by a uint96.
        // forge-lint: disable-next-line(unsafe-typecast)
        _accounts[from] = Account(held.units - uint96(units), held.kind, _today());
    }

    /// @dev Put units on a balance; the caller took them from somewhere or raises the supply.
    function _credit(address to, uint256 units) internal {
        Account memory held = _accounts[to];
        // Every amount is below 2^96: it was debited from a uint96, or is less than 2^32 words of 48 bits.
        // forge-lint: disable-next-line(unsafe-typecast)
        _accounts[to] = Account(held.units + uint96(units), held.kind, _today());
    }

    function _move(address from, address to, uint256 units) internal {
        _debit(from, units);
        _credit(to, units);
        emit Transfer(from, to, units);
    }

    function _burn(address from, uint256 units) internal {
        _debit(from, units);
        // The supply is the sum of balances, so what a balance covered the supply covers.
        // forge-lint: disable-next-line(unsafe-typecast)
        _head.supplyUnits -= uint96(units);
        emit Transfer(from, address(0), units);
    }

    function _requireCitizen(address account) internal view {
        if (_accounts[account].kind != KIND_CITIZEN) revert EcoToken_NotCitizen(account);
    }

    function _requireSpendOpen() internal view {
        if (_head.isSpendPaused) revert EcoToken_SpendPaused();
    }

    function _today() internal view returns (uint32) {
        // Days fit 32 bits for eleven million years.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint32(block.timestamp / 1 days);
    }
}
