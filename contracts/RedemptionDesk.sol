// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {RateLimiter} from "@openzeppelin/contracts/utils/RateLimiter.sol";

import {IEcoToken} from "./interfaces/IEcoToken.sol";
import {IRedemptionDesk} from "./interfaces/IRedemptionDesk.sol";
import {MerchantBooks} from "./desk/MerchantBooks.sol";

/// @title Desk where points are spent, refunded and cashed out
/// @author Calanque
/// @notice Takes signed payments, gives refunds back from unsettled takings, burns what was paid in euro.
/// @dev Books are written before the token is called and put back when it refuses. The token is ours, immutable and
/// calls nobody but the access manager.
contract RedemptionDesk is MerchantBooks {
    using RateLimiter for RateLimiter.RefillingBucket;

    bytes32 private constant EVERYBODY = 0;

    IEcoToken private immutable _TOKEN;

    RateLimiter.RefillingBucket private _payoutBucket;

    mapping(bytes32 refundRef => bool) private _isRefunded;
    mapping(bytes32 payoutRef => bool) private _isPaidOut;

    constructor(address authority, IEcoToken token_, uint32 windowSeconds, uint96 capacityUnits)
        AccessManaged(authority)
    {
        _TOKEN = token_;
        _payoutBucket.updateSettings(windowSeconds, capacityUnits);
    }

    /// @inheritdoc IRedemptionDesk
    function spend(Spend calldata payment) external {
        (bytes32 nonce, bytes4 reason) = _trySpend(payment);
        if (reason != 0) revert RedemptionDesk_SpendRefused(nonce, reason);
    }

    /// @inheritdoc IRedemptionDesk
    function spendBatch(Spend[] calldata payments) external returns (uint256 accepted) {
        for (uint256 i = 0; i < payments.length; ++i) {
            (bytes32 nonce, bytes4 reason) = _trySpend(payments[i]);
            if (reason == 0) ++accepted;
            else emit SpendRefused(nonce, reason);
        }
    }

    /// @inheritdoc IRedemptionDesk
    function refund(Refund calldata item) external restricted {
        bytes4 reason = _tryRefund(item);
        if (reason != 0) revert RedemptionDesk_RefundRefused(item.refundRef, reason);
    }

    /// @inheritdoc IRedemptionDesk
    function refundBatch(Refund[] calldata items) external restricted returns (uint256 accepted) {
        for (uint256 i = 0; i < items.length; ++i) {
            bytes4 reason = _tryRefund(items[i]);
            if (reason == 0) ++accepted;
            else emit RefundRefused(items[i].refundRef, reason);
        }
    }

    /// @inheritdoc IRedemptionDesk
    function cashOut(uint64 merchantId, uint96 units, bytes32 payoutRef) external restricted {
        bytes4 reason = _trySettle(CashOut(merchantId, units, payoutRef));
        if (reason != 0) revert RedemptionDesk_CashOutRefused(payoutRef, reason);
        _TOKEN.burnUnits(units);
    }

    /// @inheritdoc IRedemptionDesk
    function cashOutBatch(CashOut[] calldata items) external restricted returns (uint256 accepted) {
        uint256 burnedUnits = 0;
        for (uint256 i = 0; i < items.length; ++i) {
            bytes4 reason = _trySettle(items[i]);
            if (reason == 0) {
                ++accepted;
                burnedUnits += items[i].units;
            } else {
                emit CashOutRefused(items[i].payoutRef, reason);
            }
        }
        if (burnedUnits != 0) _TOKEN.burnUnits(burnedUnits);
    }

    /// @inheritdoc IRedemptionDesk
    function setPayoutLimit(uint32 windowSeconds, uint96 capacityUnits) external restricted {
        _payoutBucket.sync(EVERYBODY);
        _payoutBucket.updateSettings(windowSeconds, capacityUnits);
        emit PayoutLimitChanged(windowSeconds, capacityUnits);
    }

    /// @inheritdoc IRedemptionDesk
    function spentOf(address payer, bytes32 nonce) external view returns (uint256 units, uint256 refundedUnits) {
        (address payee, uint256 paidUnits, uint256 backUnits) = _TOKEN.authorizationOf(payer, nonce);
        return payee == address(this) ? (paidUnits, backUnits) : (0, 0);
    }

    /// @inheritdoc IRedemptionDesk
    function isRefunded(bytes32 refundRef) external view returns (bool) {
        return _isRefunded[refundRef];
    }

    /// @inheritdoc IRedemptionDesk
    function isPaidOut(bytes32 payoutRef) external view returns (bool) {
        return _isPaidOut[payoutRef];
    }

    /// @inheritdoc IRedemptionDesk
    function payoutAvailableUnits() external view returns (uint256) {
        return _payoutBucket.available(EVERYBODY);
    }

    /// @inheritdoc IRedemptionDesk
    function payoutLimit() external view returns (uint256 windowSeconds, uint256 capacityUnits) {
        return (_payoutBucket._window, _payoutBucket._capacity);
    }

    /// @inheritdoc IRedemptionDesk
    function token() external view returns (address) {
        return address(_TOKEN);
    }

    /// @inheritdoc IRedemptionDesk
    function authorizationNonce(uint64 merchantId, bytes32 paymentRef, bytes32 salt) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), merchantId, paymentRef, salt));
    }

    // Putting the books back after a refusal follows the call by nature; the token cannot call back.
    // slither-disable-start reentrancy-no-eth
    function _trySpend(Spend calldata payment) private returns (bytes32 nonce, bytes4 reason) {
        nonce = authorizationNonce(payment.merchantId, payment.paymentRef, payment.salt);
        Merchant memory before = _merchantAt(payment.merchantId);
        reason = _book(payment.merchantId, before, payment.units);
        if (reason != 0) return (nonce, reason);
        try _TOKEN.receiveWithAuthorization(
            payment.payer,
            address(this),
            payment.units,
            payment.validAfter,
            payment.validBefore,
            nonce,
            payment.v,
            payment.r,
            payment.s
        ) {
            emit Spent(nonce, payment.payer, payment.merchantId, payment.units);
        } catch (bytes memory problem) {
            _restore(payment.merchantId, before);
            reason = _reasonOf(problem);
        }
    }

    function _tryRefund(Refund calldata item) private returns (bytes4 reason) {
        if (_isRefunded[item.refundRef]) return RedemptionDesk_ReferenceUsed.selector;
        Merchant memory before = _merchantAt(item.merchantId);
        reason = _release(item.merchantId, before, item.units);
        if (reason != 0) return reason;
        _isRefunded[item.refundRef] = true;
        bytes32 nonce = authorizationNonce(item.merchantId, item.paymentRef, item.salt);
        try _TOKEN.refundAuthorization(item.payer, nonce, item.to, item.units) {
            emit Refunded(nonce, item.refundRef, item.merchantId, item.units);
        } catch (bytes memory problem) {
            _isRefunded[item.refundRef] = false;
            _restore(item.merchantId, before);
            reason = _reasonOf(problem);
        }
    }

    // slither-disable-end reentrancy-no-eth

    /// @dev Settle in the books; the caller burns the sum.
    function _trySettle(CashOut memory item) private returns (bytes4 reason) {
        if (_isPaidOut[item.payoutRef]) return RedemptionDesk_ReferenceUsed.selector;
        if (item.units > _payoutBucket.available(EVERYBODY)) return RedemptionDesk_PayoutBudgetExceeded.selector;
        reason = _release(item.merchantId, _merchantAt(item.merchantId), item.units);
        if (reason != 0) return reason;
        _payoutBucket.consume(EVERYBODY, item.units);
        _isPaidOut[item.payoutRef] = true;
        emit CashedOut(item.merchantId, item.payoutRef, item.units);
    }

    /// @dev A failure without an error says nothing about the item, so it may not be reported as the item's.
    function _reasonOf(bytes memory problem) private pure returns (bytes4) {
        if (problem.length < 4) revert RedemptionDesk_TokenFailed();
        // The first four bytes of an error are its selector.
        // forge-lint: disable-next-line(unsafe-typecast)
        return bytes4(problem);
    }
}
