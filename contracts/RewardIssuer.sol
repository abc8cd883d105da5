// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {RateLimiter} from "@openzeppelin/contracts/utils/RateLimiter.sol";

import {IEcoToken} from "./interfaces/IEcoToken.sol";
import {IRewardIssuer} from "./interfaces/IRewardIssuer.sol";
import {IRuleBook} from "./interfaces/IRuleBook.sol";

/// @title Issuer of rewards
/// @author Calanque
/// @notice Mints batches of a usable edition within limits per word, per batch, per minter and for all minters.
/// @dev A bucket lets through at most capacity x (1 + t / window) in any time t: that is the loss of a leaked minter.
contract RewardIssuer is IRewardIssuer, AccessManaged {
    using RateLimiter for RateLimiter.RefillingBucket;

    /// @dev The limits that every batch reads, in one slot; the buckets keep theirs.
    struct BatchLimits {
        uint48 itemUnits;
        uint16 items;
        uint96 units;
    }

    bytes32 private constant EVERYBODY = 0;

    IEcoToken private immutable _TOKEN;
    IRuleBook private immutable _RULE_BOOK;

    BatchLimits private _batchLimits;
    RateLimiter.RefillingBucket private _minterBuckets;
    RateLimiter.RefillingBucket private _globalBucket;

    constructor(address authority, IEcoToken token_, IRuleBook ruleBook_, Limits memory limits)
        AccessManaged(authority)
    {
        _TOKEN = token_;
        _RULE_BOOK = ruleBook_;
        _setLimits(limits);
    }

    /// @inheritdoc IRewardIssuer
    function issue(uint32 edition, bytes32 receiptsRoot, bytes32[] calldata words)
        external
        restricted
        returns (uint256 unitsMinted, uint256 skipped)
    {
        BatchLimits memory limits = _checkedLimits(edition, words.length);
        // The buckets follow what was minted, so the call precedes them; the token is ours, immutable and calls nobody.
        (unitsMinted, skipped) = _TOKEN.mintRewards(words, limits.itemUnits);
        if (unitsMinted > limits.units) revert RewardIssuer_BatchTooLarge(unitsMinted, limits.units);
        if (!_minterBuckets.tryConsume(_keyOf(msg.sender), unitsMinted)) {
            revert RewardIssuer_MinterBudgetExceeded(msg.sender, unitsMinted, _minterAvailable(msg.sender));
        }
        if (!_globalBucket.tryConsume(EVERYBODY, unitsMinted)) {
            revert RewardIssuer_GlobalBudgetExceeded(unitsMinted, _globalBucket.available(EVERYBODY));
        }
        emit BatchIssued(msg.sender, edition, receiptsRoot, words.length, unitsMinted, skipped);
    }

    /// @inheritdoc IRewardIssuer
    function setLimits(Limits calldata limits) external restricted {
        _setLimits(limits);
    }

    /// @inheritdoc IRewardIssuer
    function lowerLimits(Limits calldata limits) external restricted {
        Limits memory held = limitsOf();
        bool isBatchLower = limits.itemUnits <= held.itemUnits && limits.batchItems <= held.batchItems
            && limits.batchUnits <= held.batchUnits;
        bool isRateLower = limits.windowSeconds >= held.windowSeconds
            && limits.minterCapacityUnits <= held.minterCapacityUnits
            && limits.globalCapacityUnits <= held.globalCapacityUnits;
        if (!isBatchLower || !isRateLower) revert RewardIssuer_LimitsRefused();
        _setLimits(limits);
    }

    /// @inheritdoc IRewardIssuer
    function dryRun(address minter, uint32 edition, bytes32[] calldata words)
        external
        view
        returns (uint256 unitsMinted, uint256 skipped)
    {
        // A delay of the minter would make `isAllowed` false.
        // slither-disable-next-line unused-return
        (bool isAllowed,) = IAccessManager(authority()).canCall(minter, address(this), this.issue.selector);
        if (!isAllowed) revert IAccessManaged.AccessManagedUnauthorized(minter);
        BatchLimits memory limits = _checkedLimits(edition, words.length);
        (unitsMinted, skipped) = _TOKEN.previewRewards(words, limits.itemUnits);
        if (unitsMinted > limits.units) revert RewardIssuer_BatchTooLarge(unitsMinted, limits.units);
        uint256 minterUnits = _minterAvailable(minter);
        if (unitsMinted > minterUnits) revert RewardIssuer_MinterBudgetExceeded(minter, unitsMinted, minterUnits);
        uint256 globalUnits = _globalBucket.available(EVERYBODY);
        if (unitsMinted > globalUnits) revert RewardIssuer_GlobalBudgetExceeded(unitsMinted, globalUnits);
    }

    /// @inheritdoc IRewardIssuer
    function availableUnits(address minter) external view returns (uint256) {
        return Math.min(_minterAvailable(minter), _globalBucket.available(EVERYBODY));
    }

    /// @inheritdoc IRewardIssuer
    function token() external view returns (address) {
        return address(_TOKEN);
    }

    /// @inheritdoc IRewardIssuer
    function ruleBook() external view returns (address) {
        return address(_RULE_BOOK);
    }

    /// @inheritdoc IRewardIssuer
    function limitsOf() public view returns (Limits memory) {
        // Set from a `Limits` only, so every narrowing gives back what was put in.
        return Limits({
            itemUnits: _batchLimits.itemUnits,
            batchItems: _batchLimits.items,
            batchUnits: _batchLimits.units,
            // forge-lint: disable-next-line(unsafe-typecast)
            windowSeconds: uint32(_minterBuckets._window),
            // forge-lint: disable-next-line(unsafe-typecast)
            minterCapacityUnits: uint96(_minterBuckets._capacity),
            // forge-lint: disable-next-line(unsafe-typecast)
            globalCapacityUnits: uint96(_globalBucket._capacity)
        });
    }

    function _setLimits(Limits memory limits) private {
        bool isBatchZero = limits.itemUnits == 0 || limits.batchItems == 0 || limits.batchUnits == 0;
        bool isRateZero =
            limits.windowSeconds == 0 || limits.minterCapacityUnits == 0 || limits.globalCapacityUnits == 0;
        if (isBatchZero || isRateZero) revert RewardIssuer_LimitsRefused();
        _batchLimits = BatchLimits(limits.itemUnits, limits.batchItems, limits.batchUnits);
        // Time already passed keeps its old rate for the common bucket; a minter's own one is judged by the new rate.
        _globalBucket.sync(EVERYBODY);
        _minterBuckets.updateSettings(limits.windowSeconds, limits.minterCapacityUnits);
        _globalBucket.updateSettings(limits.windowSeconds, limits.globalCapacityUnits);
        emit LimitsChanged(limits, msg.sender);
    }

    function _checkedLimits(uint32 edition, uint256 count) private view returns (BatchLimits memory limits) {
        if (!_RULE_BOOK.usable(edition)) revert RewardIssuer_EditionNotUsable(edition);
        limits = _batchLimits;
        if (count == 0 || count > limits.items) revert RewardIssuer_BatchSizeRefused(count, limits.items);
    }

    function _minterAvailable(address minter) private view returns (uint256) {
        return _minterBuckets.available(_keyOf(minter));
    }

    function _keyOf(address minter) private pure returns (bytes32) {
        return bytes32(uint256(uint160(minter)));
    }
}
