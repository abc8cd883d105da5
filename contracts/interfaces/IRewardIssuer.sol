// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

/// @title Issuer of rewards
/// @author Calanque
/// @notice Lets minters mint rewards of a usable edition within limits. Replaceable: ids live in the token.
interface IRewardIssuer {
    /// @notice The limits of issuance, all in units unless said.
    /// @param itemUnits Most units of one reward word.
    /// @param batchItems Most words of one batch (a count).
    /// @param batchUnits Most units that one batch mints.
    /// @param windowSeconds Time in which an empty bucket fills again.
    /// @param minterCapacityUnits Bucket of each minter.
    /// @param globalCapacityUnits Bucket of all minters together.
    struct Limits {
        uint48 itemUnits;
        uint16 batchItems;
        uint96 batchUnits;
        uint32 windowSeconds;
        uint96 minterCapacityUnits;
        uint96 globalCapacityUnits;
    }

    /// @notice One batch was issued.
    /// @param minter Caller.
    /// @param edition Edition of the rulebook that every reward of the batch follows.
    /// @param receiptsRoot Merkle root of the salted receipt leaves.
    /// @param count Words in the batch.
    /// @param unitsMinted Units created.
    /// @param skipped Words whose id had been consumed before.
    event BatchIssued(
        address indexed minter,
        uint32 indexed edition,
        bytes32 receiptsRoot,
        uint256 count,
        uint256 unitsMinted,
        uint256 skipped
    );

    /// @notice The limits changed.
    /// @param limits New limits.
    /// @param by Caller.
    event LimitsChanged(Limits limits, address indexed by);

    /// @notice A batch holds between 1 and the limit of words.
    error RewardIssuer_BatchSizeRefused(uint256 count, uint256 limit);

    /// @notice The batch would mint more than the limit of one batch.
    error RewardIssuer_BatchTooLarge(uint256 units, uint256 limit);

    /// @notice The edition is not usable now.
    error RewardIssuer_EditionNotUsable(uint32 edition);

    /// @notice The minter's bucket holds less than the batch would mint.
    error RewardIssuer_MinterBudgetExceeded(address minter, uint256 units, uint256 availableUnits);

    /// @notice The bucket of all minters holds less than the batch would mint.
    error RewardIssuer_GlobalBudgetExceeded(uint256 units, uint256 availableUnits);

    /// @notice A limit is zero, or a lowering would raise one.
    error RewardIssuer_LimitsRefused();

    /// @notice Mint a batch of one edition. Role MINTER.
    /// @dev Buckets consume what was minted: a batch sent again costs nothing of them.
    /// @param edition Edition that the rewards follow; must be usable.
    /// @param receiptsRoot Merkle root of the salted receipt leaves.
    /// @param words Reward words as in `IEcoToken`.
    /// @return unitsMinted Units created.
    /// @return skipped Words whose id had been consumed before.
    /// @custom:invariant I-2 I-4
    function issue(uint32 edition, bytes32 receiptsRoot, bytes32[] calldata words)
        external
        returns (uint256 unitsMinted, uint256 skipped);

    /// @notice Set limits, up or down. Role ADMIN.
    /// @param limits New limits; none may be zero.
    function setLimits(Limits calldata limits) external;

    /// @notice Lower limits at once. Role GUARDIAN.
    /// @dev A longer window lowers the rate, so the window may only grow.
    /// @param limits New limits; none may be zero nor looser than today's.
    function lowerLimits(Limits calldata limits) external;

    /// @notice Tell what `issue` would do for this minter now, or revert with the error it would revert with.
    /// @param minter Account that would call.
    /// @param edition Edition.
    /// @param words Reward words.
    /// @return unitsMinted Units that would be created.
    /// @return skipped Words that would be skipped.
    function dryRun(address minter, uint32 edition, bytes32[] calldata words)
        external
        view
        returns (uint256 unitsMinted, uint256 skipped);

    /// @notice The limits in force.
    function limitsOf() external view returns (Limits memory);

    /// @notice Units that a minter may still mint now: the smaller of its bucket and the global one.
    /// @param minter Minter.
    function availableUnits(address minter) external view returns (uint256);

    /// @notice The token that this issuer mints.
    function token() external view returns (address);

    /// @notice The rulebook that this issuer obeys.
    function ruleBook() external view returns (address);
}
