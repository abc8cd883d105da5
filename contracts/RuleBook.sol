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
        uint64 earliest = _earliestEffect();
        if (effectiveFrom < earliest) revert RuleBook_EffectiveTooEarly(effectiveFrom, earliest);
        uint64 horizon = _now() + HORIZON_SECONDS;
        if (effectiveFrom > horizon) revert RuleBook_EffectiveTooLate(effectiveFrom, horizon);
        if (documentHash == 0) revert RuleBook_HashMissing();
        if (edition != _latest + 1) revert RuleBook_NumberNotNext(edition, _latest + 1);
        _latest = edition;
        _editions[edition] = Edition(documentHash, _now(), effectiveFrom, false, false);
        emit EditionPublished(edition, documentHash, effectiveFrom);
    }

    /// @inheritdoc IRuleBook
    function cancel(uint32 edition) external restricted {
        Edition storage kept = _known(edition);
        if (_now() >= kept.effectiveFrom) revert RuleBook_EditionInForce(edition);
        if (kept.isCancelled) revert RuleBook_EditionUnchangeable(edition);
        kept.isCancelled = true;
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
        uint64 replacedAt = supersededAt(edition);
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
        for (uint32 number = _latest; number > 0; --number) {
            Edition storage kept = _editions[number];
            if (!kept.isCancelled && _now() >= kept.effectiveFrom) return number;
        }
        return 0;
    }

    /// @inheritdoc IRuleBook
    function noticeSeconds() external view returns (uint64) {
        return _NOTICE_SECONDS;
    }

    /// @inheritdoc IRuleBook
    function graceSeconds() external view returns (uint64) {
        return _GRACE_SECONDS;
    }

    /// @inheritdoc IRuleBook
    function supersededAt(uint32 edition) public view returns (uint64) {
        // Only cancelled editions are stepped over, and each of them cost the guardian a transaction.
        for (uint32 number = edition + 1; number <= _latest; ++number) {
            if (!_editions[number].isCancelled) return _editions[number].effectiveFrom;
        }
        return 0;
    }

    function _setSuspended(uint32 edition, bool isSuspended) private {
        Edition storage kept = _known(edition);
        if (kept.isCancelled || kept.isSuspended == isSuspended) revert RuleBook_EditionUnchangeable(edition);
        kept.isSuspended = isSuspended;
    }

    /// @dev Notice does not bind while nothing is or was in force; the order of editions always does.
    function _earliestEffect() private view returns (uint64 earliest) {
        if (_latest == 0) return 0;
        earliest = _now() + _NOTICE_SECONDS;
        for (uint32 number = _latest; number > 0; --number) {
            Edition storage kept = _editions[number];
            if (kept.isCancelled) continue;
            return kept.effectiveFrom < earliest ? earliest : kept.effectiveFrom + 1;
        }
    }

    function _known(uint32 edition) private view returns (Edition storage kept) {
        kept = _editions[edition];
        if (kept.publishedAt == 0) revert RuleBook_EditionUnknown(edition);
    }

    function _now() private view returns (uint64) {
        return block.timestamp.toUint64();
    }
}
