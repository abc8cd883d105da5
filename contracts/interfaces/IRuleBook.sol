// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

/// @title Register of rulebook editions
/// @author Calanque
/// @notice Append-only list of editions, each the SHA-256 of a canonical document, published with notice.
interface IRuleBook {
    /// @notice An edition as the register keeps it.
    /// @param documentHash SHA-256 of the canonical document.
    /// @param publishedAt Unix seconds.
    /// @param effectiveFrom Unix seconds from which the edition is in force.
    /// @param isCancelled Withdrawn before it took effect.
    /// @param isSuspended Stopped by the guardian.
    /// @param supersededAt Unix seconds at which a later edition replaces this one; 0 while none is announced.
    struct Edition {
        bytes32 documentHash;
        uint64 publishedAt;
        uint64 effectiveFrom;
        bool isCancelled;
        bool isSuspended;
        uint64 supersededAt;
    }

    /// @notice An edition was published.
    /// @param edition Its number.
    /// @param documentHash SHA-256 of the canonical document.
    /// @param effectiveFrom Unix seconds from which it is in force.
    event EditionPublished(uint32 indexed edition, bytes32 documentHash, uint64 effectiveFrom);

    /// @notice An edition was withdrawn before it took effect.
    /// @param edition Its number.
    event EditionCancelled(uint32 indexed edition);

    /// @notice Issuance under an edition was stopped.
    /// @param edition Its number.
    event EditionSuspended(uint32 indexed edition);

    /// @notice Issuance under an edition was allowed again.
    /// @param edition Its number.
    event EditionResumed(uint32 indexed edition);

    /// @notice Editions are numbered without a gap from 1.
    error RuleBook_NumberNotNext(uint32 edition, uint32 next);

    /// @notice A document hash is not zero.
    error RuleBook_HashMissing();

    /// @notice The edition takes effect before the notice has passed or not after the one before it.
    error RuleBook_EffectiveTooEarly(uint64 effectiveFrom, uint64 earliest);

    /// @notice The edition takes effect unreasonably late (more than two years from now).
    error RuleBook_EffectiveTooLate(uint64 effectiveFrom, uint64 latest);

    /// @notice No such edition.
    error RuleBook_EditionUnknown(uint32 edition);

    /// @notice An edition that took effect cannot be cancelled, only suspended.
    error RuleBook_EditionInForce(uint32 edition);

    /// @notice The edition is cancelled, or its suspension is already as asked.
    error RuleBook_EditionUnchangeable(uint32 edition);

    /// @notice Publish the next edition. Role RULES.
    /// @dev Notice binds every edition but the first: before it nothing could be issued.
    /// @param edition `latest() + 1`, so that a publication sent twice lands once.
    /// @param documentHash SHA-256 of the canonical document.
    /// @param effectiveFrom Unix seconds, at least now + notice, after the previous edition and within two years.
    function publish(uint32 edition, bytes32 documentHash, uint64 effectiveFrom) external;

    /// @notice Withdraw an edition before it takes effect. Role GUARDIAN.
    /// @param edition Number.
    function cancel(uint32 edition) external;

    /// @notice Stop issuance under an edition. Role GUARDIAN.
    /// @param edition Number.
    function suspend(uint32 edition) external;

    /// @notice Allow issuance under a suspended edition again. Role ADMIN.
    /// @param edition Number.
    function resume(uint32 edition) external;

    /// @notice Whether rewards of an edition may be issued now: effective, neither cancelled nor suspended, and not
    /// superseded for longer than the grace.
    /// @param edition Number.
    function usable(uint32 edition) external view returns (bool);

    /// @notice The edition as kept.
    /// @param edition Number.
    function editionOf(uint32 edition) external view returns (Edition memory);

    /// @notice Highest number published; 0 before the first.
    function latest() external view returns (uint32);

    /// @notice Edition in force now, suspended or not; 0 before the first is effective.
    function current() external view returns (uint32);

    /// @notice Shortest time between publication and effect, in seconds.
    function noticeSeconds() external view returns (uint64);

    /// @notice How long a superseded edition still pays held rewards and appeals, in seconds.
    function graceSeconds() external view returns (uint64);
}
