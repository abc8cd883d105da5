// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

import {IEcoToken} from "../interfaces/IEcoToken.sol";
import {AccountSlot} from "../libraries/AccountSlot.sol";
import {HeadSlot} from "../libraries/HeadSlot.sol";

/// @title Books of the token
/// @author Calanque
/// @notice Keeps balances and supply in one slot per account and one for the whole; offers no door of its own.
abstract contract PointBooks is IEcoToken {
    /// @dev A struct of one word: a pointer to it is computed once for a read and a write.
    struct Account {
        AccountSlot slot;
    }

    uint256 internal constant KIND_CITIZEN = 0;
    uint256 internal constant KIND_DESK = 1;
    uint256 internal constant KIND_FORFEIT = 2;
    uint256 internal constant KIND_ISSUER = 3;
    uint256 internal constant KIND_CLOSED = 4;

    HeadSlot internal _head;

    mapping(address account => Account) internal _accounts;

    /// @dev The caller's slot holds its right: a payment reads that slot anyway, so the right costs nothing more.
    modifier onlyKind(uint256 kind) {
        if (_accounts[msg.sender].slot.kind() != kind) revert EcoToken_CallerRefused(msg.sender, kind);
        _;
    }

    constructor() {
        // The zero address is no citizen, so that no reward or recovery can reach it.
        _accounts[address(0)].slot = _accounts[address(0)].slot.withKind(KIND_CLOSED);
    }

    /// @inheritdoc IEcoToken
    function accountOf(address account) external view returns (uint96 units, uint8 kind, uint32 lastMovedDay) {
        AccountSlot held = _accounts[account].slot;
        // The fields have exactly these widths in the word.
        // forge-lint: disable-next-line(unsafe-typecast)
        return (uint96(held.units()), uint8(held.kind()), uint32(held.lastMovedDay()));
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
        return _head.supplyUnits();
    }

    /// @notice Units of an account.
    function balanceOf(address account) external view returns (uint256) {
        return _accounts[account].slot.units();
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
        Account storage account = _accounts[from];
        AccountSlot held = account.slot;
        uint256 balance = held.units();
        if (balance < units) revert EcoToken_BalanceInsufficient(from, balance, units);
        account.slot = held.moved(balance - units, _today());
    }

    /// @dev Put units on a balance; the caller took them from somewhere or raises the supply, which is below 2^96.
    function _credit(address to, uint256 units) internal {
        Account storage account = _accounts[to];
        AccountSlot held = account.slot;
        account.slot = held.moved(held.units() + units, _today());
    }

    function _move(address from, address to, uint256 units) internal {
        _debit(from, units);
        _credit(to, units);
        emit Transfer(from, to, units);
    }

    function _burn(address from, uint256 units) internal {
        _debit(from, units);
        // The supply is the sum of balances, so what a balance covered the supply covers.
        _head = _head.burned(units);
        emit Transfer(from, address(0), units);
    }

    function _requireCitizen(address account) internal view {
        if (!_accounts[account].slot.isCitizen()) revert EcoToken_NotCitizen(account);
    }

    function _requireSpendOpen() internal view {
        if (_head.isSpendPaused()) revert EcoToken_SpendPaused();
    }

    function _today() internal view returns (uint256) {
        return block.timestamp / 1 days;
    }
}
