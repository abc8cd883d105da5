// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IRedemptionDesk} from "../interfaces/IRedemptionDesk.sol";

/// @title Books of the merchants
/// @author Calanque
/// @notice Who may be paid, how much a day, and what is owed to whom, in one slot per merchant.
abstract contract MerchantBooks is IRedemptionDesk, AccessManaged {
    /// @dev All that is kept of a merchant, in one slot.
    struct Merchant {
        uint80 takingsUnits;
        uint64 todayUnits;
        uint64 dailyCapUnits;
        uint32 day;
        bool isRegistered;
    }

    mapping(uint64 merchantId => Merchant) private _merchants;

    /// @inheritdoc IRedemptionDesk
    function registerMerchant(uint64 merchantId, uint96 dailyCapUnits) external restricted {
        Merchant storage kept = _merchants[merchantId];
        if (merchantId == 0 || kept.isRegistered) revert RedemptionDesk_MerchantRefused(merchantId);
        kept.isRegistered = true;
        kept.dailyCapUnits = SafeCast.toUint64(dailyCapUnits);
        emit MerchantRegistered(merchantId, dailyCapUnits);
    }

    /// @inheritdoc IRedemptionDesk
    function setMerchantCap(uint64 merchantId, uint96 dailyCapUnits) external restricted {
        _setCap(_registered(merchantId), merchantId, dailyCapUnits);
    }

    /// @inheritdoc IRedemptionDesk
    function lowerMerchantCap(uint64 merchantId, uint96 dailyCapUnits) external restricted {
        Merchant storage kept = _registered(merchantId);
        if (dailyCapUnits >= kept.dailyCapUnits) {
            revert RedemptionDesk_CapNotLower(kept.dailyCapUnits, dailyCapUnits);
        }
        _setCap(kept, merchantId, dailyCapUnits);
    }

    /// @inheritdoc IRedemptionDesk
    function takingsOf(uint64 merchantId) external view returns (uint256) {
        return _merchants[merchantId].takingsUnits;
    }

    /// @inheritdoc IRedemptionDesk
    function merchantOf(uint64 merchantId)
        external
        view
        returns (bool isRegistered, uint256 dailyCapUnits, uint256 spentTodayUnits)
    {
        Merchant memory kept = _merchants[merchantId];
        return (kept.isRegistered, kept.dailyCapUnits, _usedToday(kept));
    }

    /// @dev Write a payment into the books, or say why not.
    function _book(uint64 merchantId, Merchant memory held, uint256 units) internal returns (bytes4 reason) {
        if (!held.isRegistered) return RedemptionDesk_MerchantUnknown.selector;
        uint256 todayUnits = _usedToday(held) + units;
        if (todayUnits > held.dailyCapUnits) return RedemptionDesk_MerchantCapExceeded.selector;
        _merchants[merchantId] = Merchant({
            takingsUnits: SafeCast.toUint80(held.takingsUnits + units),
            // The cap is a uint64 and bounds the sum.
            // forge-lint: disable-next-line(unsafe-typecast)
            todayUnits: uint64(todayUnits),
            dailyCapUnits: held.dailyCapUnits,
            day: _today(),
            isRegistered: true
        });
    }

    /// @dev Take units off the takings, or say why not.
    function _release(uint64 merchantId, Merchant memory held, uint256 units) internal returns (bytes4 reason) {
        if (!held.isRegistered) return RedemptionDesk_MerchantUnknown.selector;
        if (units == 0) return RedemptionDesk_UnitsOutOfRange.selector;
        if (units > held.takingsUnits) return RedemptionDesk_TakingsInsufficient.selector;
        _merchants[merchantId].takingsUnits = SafeCast.toUint80(held.takingsUnits - units);
    }

    /// @dev Put the books back as they were before a refused call.
    function _restore(uint64 merchantId, Merchant memory before) internal {
        _merchants[merchantId] = before;
    }

    function _merchantAt(uint64 merchantId) internal view returns (Merchant memory) {
        return _merchants[merchantId];
    }

    function _setCap(Merchant storage kept, uint64 merchantId, uint96 dailyCapUnits) private {
        kept.dailyCapUnits = SafeCast.toUint64(dailyCapUnits);
        emit MerchantCapChanged(merchantId, dailyCapUnits);
    }

    function _registered(uint64 merchantId) private view returns (Merchant storage kept) {
        kept = _merchants[merchantId];
        if (!kept.isRegistered) revert RedemptionDesk_MerchantRefused(merchantId);
    }

    function _usedToday(Merchant memory kept) private view returns (uint256) {
        // The same day is what is meant; nobody gains by another one, and the cap starts again with each.
        // slither-disable-next-line incorrect-equality
        return kept.day == _today() ? kept.todayUnits : 0;
    }

    function _today() private view returns (uint32) {
        // Days fit 32 bits for eleven million years.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint32(block.timestamp / 1 days);
    }
}
