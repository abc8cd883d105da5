// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IRuleBook} from "./interfaces/IRuleBook.sol";

/// @title Register of rulebook editions
/// @author Calanque
/// @notice Append-only; an edition is never changed, only cancelled before it takes effect or suspended after.
contract RuleBook is IRuleBook, AccessManaged {
    using SafeCast for uint256;

    /// @dev A later date is a mistake or a blockade: nothing earlier could be published after it.
    uint64 private constant HORIZON_SECONDS = 730 days;

    uint64 private immutable _NOTICE_SECONDS;
    uint64 private immutable _GRACE_SECONDS;

    uint32 private _latest;

    mapping(uint32 number => Edition) private _editions;

    constructor(address authority, uint64 notice, uint64 grace) AccessManaged(authority) {
        _NOTICE_SECONDS = notice;
        _GRACE_SECONDS = grace;
    }

    /// @inheritdoc IRuleBook
    function publish(uint32 edition, bytes32 documentHash, uint64 effectiveFrom) external restricted {
        uint32 before = _liveBelow(_latest + 1);
        uint64 earliest = _earliestAfter(before);
        if (effectiveFrom < earliest) revert RuleBook_EffectiveTooEarly(effectiveFrom, earliest);
        uint64 horizon = _now() + HORIZON_SECONDS;
        if (effectiveFrom > horizon) revert RuleBook_EffectiveTooLate(effectiveFrom, horizon);
        if (documentHash == 0) revert RuleBook_HashMissing();
        if (edition != _latest + 1) revert RuleBook_NumberNotNext(edition, _latest + 1);
        _latest = edition;
        _editions[edition].documentHash = documentHash;
        _editions[edition].publishedAt = _now();
        _editions[edition].effectiveFrom = effectiveFrom;
        if (before != 0) _editions[before].supersededAt = effectiveFrom;
        emit EditionPublished(edition, documentHash, effectiveFrom);
    }

    /// @inheritdoc IRuleBook
    function cancel(uint32 edition) external restricted {
        Edition storage kept = _known(edition);
        if (_now() >= kept.effectiveFrom) revert RuleBook_EditionInForce(edition);
        if (kept.isCancelled) revert RuleBook_EditionUnchangeable(edition);
        kept.isCancelled = true;
        uint32 before = _liveBelow(edition);
        if (before != 0) _editions[before].supersededAt = kept.supersededAt;
        emit EditionCancelled(edition);
    }

    /// @inheritdoc IRuleBook
    function suspend(uint32 edition) external restricted {
        _setSuspended(edition, true);
        emit EditionSuspended(edition);
    }

    /// @inheritdoc IRuleBook
    function resume(uint32 edition) external restricted {
        _setSuspended(edition, false);
        emit EditionResumed(edition);
    }

    /// @inheritdoc IRuleBook
    function usable(uint32 edition) external view returns (bool) {
        Edition storage kept = _editions[edition];
        if (kept.publishedAt == 0 || kept.isCancelled || kept.isSuspended) return false;
        if (_now() < kept.effectiveFrom) return false;
        uint64 replacedAt = kept.supersededAt;
        return replacedAt == 0 || _now() < replacedAt + _GRACE_SECONDS;
    }

    /// @inheritdoc IRuleBook
    function editionOf(uint32 edition) external view returns (Edition memory) {
        return _known(edition);
    }

    /// @inheritdoc IRuleBook
    function latest() external view returns (uint32) {
        return _latest;
    }

    /// @inheritdoc IRuleBook
    function current() external view returns (uint32) {
        uint32 number = _liveBelow(_latest + 1);
        while (number != 0 && _now() < _editions[number].effectiveFrom) number = _liveBelow(number);
        return number;
    }

    /// @inheritdoc IRuleBook
    function noticeSeconds() external view returns (uint64) {
        return _NOTICE_SECONDS;
    }

    /// @inheritdoc IRuleBook
    function graceSeconds() external view returns (uint64) {
        return _GRACE_SECONDS;
    }

    function _setSuspended(uint32 edition, bool isSuspended) private {
        Edition storage kept = _known(edition);
        if (kept.isCancelled || kept.isSuspended == isSuspended) revert RuleBook_EditionUnchangeable(edition);
        kept.isSuspended = isSuspended;
    }

    /// @dev Notice does not bind before the first edition; the order of editions always does.
    function _earliestAfter(uint32 before) private view returns (uint64) {
        if (_latest == 0) return 0;
        uint64 noticed = _now() + _NOTICE_SECONDS;
        uint64 next = _editions[before].effectiveFrom + 1;
        return next > noticed ? next : noticed;
    }

    /// @dev The highest edition below `number` that was not cancelled; 0 when there is none. Only cancelled editions
    /// are stepped over, and each of them cost the guardian a transaction.
    function _liveBelow(uint32 number) private view returns (uint32 live) {
        live = number - 1;
        while (live != 0 && _editions[live].isCancelled) --live;
    }

    function _known(uint32 edition) private view returns (Edition storage kept) {
        kept = _editions[edition];
        if (kept.publishedAt == 0) revert RuleBook_EditionUnknown(edition);
    }

    function _now() private view returns (uint64) {
        return block.timestamp.toUint64();
    }
}
