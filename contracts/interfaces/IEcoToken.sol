// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

/// @title Closed-loop points of the metropolis
/// @author Calanque
/// @notice An ERC-20 whose units only a reward issuer creates and only the redemption desk takes.
/// One point is 100 units. Every amount below is in units.
/// @dev A reward word is `address(160) << 96 | id(48) << 48 | units(48)` and an id is
/// `tranche(4) << 44 | incarnation(12) << 32 | counter(32)`. The kind of an account, kept beside its balance, is the right
/// of our own contracts: 0 citizen, 1 desk (role MOVER), 2 forfeit account, 3 issuer (role ISSUER), 4 closed. People's
/// roles are kept by the access manager.
interface IEcoToken is IERC20Metadata {
    /// @notice A word was skipped because its id had been consumed before; nothing was minted for it.
    /// @param id Reward id that was found consumed.
    event RewardSkipped(uint48 id);

    /// @notice A new incarnation of the off-chain books may now use ids of this number.
    /// @param incarnation The number handed out; ids above it are refused.
    event IncarnationOpened(uint16 indexed incarnation);

    /// @notice An account received a kind other than citizen.
    /// @param account Account concerned.
    /// @param kind 1 desk, 2 forfeit account, 3 issuer, 4 closed.
    event KindSet(address indexed account, uint8 kind);

    /// @notice An authorization was used (EIP-3009).
    /// @param authorizer Account that signed and paid.
    /// @param nonce Nonce of the authorization.
    event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce);

    /// @notice An authorization was cancelled by its signer (EIP-3009).
    /// @param authorizer Account that signed.
    /// @param nonce Nonce that can no longer be used.
    event AuthorizationCanceled(address indexed authorizer, bytes32 indexed nonce);

    /// @notice Units that an authorization had paid were given back.
    /// @param authorizer Account that had paid.
    /// @param nonce Nonce of the authorization.
    /// @param to The authorizer, or the forfeit account after an erasure.
    /// @param units Units given back now.
    event AuthorizationRefunded(address indexed authorizer, bytes32 indexed nonce, address indexed to, uint256 units);

    /// @notice A citizen's whole balance moved to the citizen's new address.
    /// @param previous Address that was lost.
    /// @param replacement Address that holds the units now.
    /// @param units Units moved.
    event Recovered(address indexed previous, address indexed replacement, uint256 units);

    /// @notice A balance that had not moved for 24 months was burned.
    /// @param account Account that was idle.
    /// @param units Units burned.
    event IdleExpired(address indexed account, uint256 units);

    /// @notice Minting was stopped or allowed again.
    /// @param isPaused True when minting is stopped.
    /// @param by Caller.
    event MintPauseChanged(bool isPaused, address indexed by);

    /// @notice Spending, refunds and recovery were stopped or allowed again.
    /// @param isPaused True when spending is stopped.
    /// @param by Caller.
    event SpendPauseChanged(bool isPaused, address indexed by);

    /// @notice Plain transfers and allowances do not exist here: points leave a citizen only through the desk.
    error EcoToken_ClosedLoop();

    /// @notice Minting is paused.
    error EcoToken_MintPaused();

    /// @notice Spending is paused.
    error EcoToken_SpendPaused();

    /// @notice A word gives nothing, or more than the issuer allows one word.
    error EcoToken_ItemUnitsRefused(uint256 units, uint256 limitUnits);

    /// @notice The ids belong to an incarnation that was never opened; 0 is never opened.
    error EcoToken_IncarnationUnknown(uint256 incarnation, uint256 latest);

    /// @notice Incarnations are exhausted (12 bits).
    error EcoToken_IncarnationsExhausted();

    /// @notice Only a citizen's account, and never the zero address, may receive, recover or expire.
    error EcoToken_NotCitizen(address account);

    /// @notice The batch would mint more today than the absolute ceiling.
    error EcoToken_DailyCeilingExceeded(uint256 wouldBeUnits, uint256 ceilingUnits);

    /// @notice More units would exist than 96 bits count.
    error EcoToken_SupplyExhausted();

    /// @notice The account holds less than asked.
    error EcoToken_BalanceInsufficient(address account, uint256 balanceUnits, uint256 neededUnits);

    /// @notice Only an account of this kind may call.
    error EcoToken_CallerRefused(address caller, uint256 kindNeeded);

    /// @notice The authorization names another payee than the caller.
    error EcoToken_PayeeNotCaller(address payee, address caller);

    /// @notice The authorization is not valid yet.
    error EcoToken_AuthorizationNotYetValid(uint256 validAfter);

    /// @notice The authorization is no longer valid.
    error EcoToken_AuthorizationExpired(uint256 validBefore);

    /// @notice The authorization was used or cancelled before.
    error EcoToken_AuthorizationSpent(address authorizer, bytes32 nonce);

    /// @notice The signature is not the authorizer's.
    error EcoToken_SignatureInvalid(address authorizer);

    /// @notice An authorization moves between 1 and 2^48 - 1 units.
    error EcoToken_UnitsOutOfRange(uint256 units);

    /// @notice The refund is more than what is left of the payment, or the payment was not to the caller.
    error EcoToken_RefundExceedsPayment(bytes32 nonce, uint256 leftUnits, uint256 askedUnits);

    /// @notice A refund goes to the payer or to the forfeit account, nowhere else.
    error EcoToken_RefundAstray(address to);

    /// @notice Only an empty citizen's account gets a kind, and only an issuer, a desk or a forfeit account is closed.
    error EcoToken_KindRefused(address account, uint8 kind);

    /// @notice The replacement of a lost address is the lost address itself, or nothing is to be moved.
    error EcoToken_RecoveryRefused(address previous, address replacement);

    /// @notice The daily ceiling must be positive and below 2^96.
    error EcoToken_CeilingInvalid(uint256 ceilingUnits);

    /// @notice Mint rewards to citizens, consuming every id once and for ever. Role ISSUER.
    /// @dev A consumed id is skipped without a look at the rest of its word, never an error. Consecutive words to one recipient cost one balance write and
    /// one `Transfer`. Reverts when paused, on a malformed word, on an unopened incarnation, above the daily ceiling.
    /// @param words Reward words, best ordered by id and recipient.
    /// @param itemLimitUnits Most units of one word: the issuer's limit, checked here so that words are read once.
    /// @return unitsMinted Units created by this call.
    /// @return skipped Number of words whose id had been consumed.
    /// @custom:invariant I-1 I-2 I-4
    function mintRewards(bytes32[] calldata words, uint256 itemLimitUnits)
        external
        returns (uint256 unitsMinted, uint256 skipped);

    /// @notice Hand out the next incarnation number, after a first start or a restore of the books. Role REGISTRAR.
    /// @return opened The number that new ids must carry from now on.
    function openIncarnation() external returns (uint16 opened);

    /// @notice Take a payment that its payer signed (EIP-3009). Role MOVER; the payee must be the caller.
    /// @param from Payer and signer.
    /// @param to Payee; equals the caller.
    /// @param value Units.
    /// @param validAfter Unix seconds; valid strictly after.
    /// @param validBefore Unix seconds; valid strictly before.
    /// @param nonce Unique per payer; the desk's nonces commit to merchant and payment.
    /// @param v Signature.
    /// @param r Signature.
    /// @param s Signature, low half only.
    /// @custom:invariant I-8
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    /// @notice Make one's own unused authorization unusable (EIP-3009). Anyone may bring the signature.
    /// @param authorizer Signer.
    /// @param nonce Nonce to cancel.
    /// @param v Signature.
    /// @param r Signature.
    /// @param s Signature, low half only.
    function cancelAuthorization(address authorizer, bytes32 nonce, uint8 v, bytes32 r, bytes32 s) external;

    /// @notice Give units of a payment back from the caller's balance. Role MOVER; only the payee of that payment.
    /// @param authorizer Payer of the payment.
    /// @param nonce Nonce of the payment.
    /// @param to The payer, or a forfeit account.
    /// @param units Units to give back now; the sum of refunds never exceeds the payment.
    /// @custom:invariant I-8
    function refundAuthorization(address authorizer, bytes32 nonce, address to, uint256 units) external;

    /// @notice Burn units of the caller's own balance. Role MOVER. Never paused.
    /// @param units Units to burn.
    function burnUnits(uint256 units) external;

    /// @notice Move a citizen's whole balance to a new address. Role RECOVERER, delayed; the guardian may cancel.
    /// @param previous Address whose key or card was lost.
    /// @param replacement New address of the same person.
    function recover(address previous, address replacement) external;

    /// @notice Burn balances that have not moved for 24 months; others in the list are left alone. Delayed role.
    /// @param accounts Accounts believed idle.
    /// @return unitsExpired Units burned.
    function expireIdle(address[] calldata accounts) external returns (uint256 unitsExpired);

    /// @notice Give an empty account a kind, or close one that has a kind, for ever. Role ADMIN.
    /// @param account Account.
    /// @param kind 1 desk, 2 forfeit account, 3 issuer; 4 to close.
    function setKind(address account, uint8 kind) external;

    /// @notice Stop minting. Role GUARDIAN.
    function pauseMint() external;

    /// @notice Allow minting again. Role ADMIN.
    function unpauseMint() external;

    /// @notice Stop payments, refunds and recovery; burning is never stopped. Role GUARDIAN.
    function pauseSpend() external;

    /// @notice Allow payments, refunds and recovery again. Role ADMIN.
    function unpauseSpend() external;

    /// @notice Tell what `mintRewards` would do now, with the same errors, without doing it.
    /// @param words Reward words.
    /// @param itemLimitUnits Most units of one word.
    /// @return unitsMinted Units that would be created.
    /// @return skipped Words that would be skipped, repeated ids within the list included.
    function previewRewards(bytes32[] calldata words, uint256 itemLimitUnits)
        external
        view
        returns (uint256 unitsMinted, uint256 skipped);

    /// @notice Whether an id was consumed.
    /// @param id Reward id.
    function isConsumed(uint48 id) external view returns (bool);

    /// @notice Latest incarnation handed out; 0 before the first.
    function incarnation() external view returns (uint16);

    /// @notice Balance, kind and UTC day number of the last movement of an account.
    /// @param account Account.
    /// @return units Balance in units.
    /// @return kind 0 citizen, 1 desk, 2 forfeit, 3 issuer, 4 closed.
    /// @return lastMovedDay Days since 1970-01-01 UTC; 0 for an account never touched.
    function accountOf(address account) external view returns (uint96 units, uint8 kind, uint32 lastMovedDay);

    /// @notice Most units that can be minted in one UTC day, whoever asks. Fixed at deployment.
    function dailyCeilingUnits() external view returns (uint256);

    /// @notice Units minted since midnight UTC.
    function mintedTodayUnits() external view returns (uint256);

    /// @notice Whether an authorization was used or cancelled (EIP-3009).
    /// @param authorizer Signer.
    /// @param nonce Nonce.
    function authorizationState(address authorizer, bytes32 nonce) external view returns (bool);

    /// @notice What became of an authorization.
    /// @param authorizer Signer.
    /// @param nonce Nonce.
    /// @return payee Who was paid; zero when unused, the token itself when cancelled.
    /// @return units Units paid.
    /// @return refundedUnits Units given back since.
    function authorizationOf(address authorizer, bytes32 nonce)
        external
        view
        returns (address payee, uint256 units, uint256 refundedUnits);

    /// @notice EIP-712 domain separator of name "Calanque Points", version "1".
    // solhint-disable-next-line func-name-mixedcase
    function DOMAIN_SEPARATOR() external view returns (bytes32);

    /// @notice Whether minting is stopped.
    function mintPaused() external view returns (bool);

    /// @notice Whether payments, refunds and recovery are stopped.
    function spendPaused() external view returns (bool);
}
