// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

/// @title Desk where points are spent, refunded and cashed out
/// @author Calanque
/// @notice Takes citizens' signed payments for merchants known by an opaque number, keeps the takings, burns them
/// when the merchant is paid in euro. A batch never fails for one bad item: the item is refused by an event.
/// @dev The authorization nonce is `keccak256(abi.encode(block.chainid, desk, merchantId, paymentRef, salt))`: the
/// payer signs the merchant without naming it.
interface IRedemptionDesk {
    /// @notice A payment to take.
    /// @param payer Citizen who signed.
    /// @param units Units to pay, below 2^48.
    /// @param merchantId Opaque merchant number.
    /// @param validAfter Unix seconds; valid strictly after.
    /// @param validBefore Unix seconds; valid strictly before.
    /// @param paymentRef Reference of the payment in the books.
    /// @param salt Random, so that the nonce tells nothing.
    /// @param v Signature of the EIP-3009 authorization.
    /// @param r Signature.
    /// @param s Signature.
    struct Spend {
        address payer;
        uint96 units;
        uint64 merchantId;
        uint48 validAfter;
        uint48 validBefore;
        bytes32 paymentRef;
        bytes32 salt;
        uint8 v;
        bytes32 r;
        bytes32 s;
    }

    /// @notice A refund to make; merchant, reference and salt prove which merchant was paid.
    /// @param payer Citizen who had paid.
    /// @param to The payer, or the forfeit account after an erasure.
    /// @param units Units to give back.
    /// @param merchantId Merchant that was paid.
    /// @param paymentRef Reference of the payment.
    /// @param salt Salt of the payment.
    /// @param refundRef Reference of the refund; works once.
    struct Refund {
        address payer;
        address to;
        uint96 units;
        uint64 merchantId;
        bytes32 paymentRef;
        bytes32 salt;
        bytes32 refundRef;
    }

    /// @notice Takings to burn against a euro payment.
    /// @param merchantId Merchant that is paid.
    /// @param units Units to burn.
    /// @param payoutRef Reference of the euro payment; works once.
    struct CashOut {
        uint64 merchantId;
        uint96 units;
        bytes32 payoutRef;
    }

    /// @notice A merchant may now be paid.
    /// @param merchantId Opaque merchant number.
    /// @param dailyCapUnits Most units per UTC day.
    event MerchantRegistered(uint64 indexed merchantId, uint256 dailyCapUnits);

    /// @notice A merchant's daily cap changed; 0 closes it to payments.
    /// @param merchantId Opaque merchant number.
    /// @param dailyCapUnits Most units per UTC day.
    event MerchantCapChanged(uint64 indexed merchantId, uint256 dailyCapUnits);

    /// @notice A payment was taken.
    /// @param nonce Authorization nonce.
    /// @param payer Citizen.
    /// @param merchantId Opaque merchant number.
    /// @param units Units paid.
    event Spent(bytes32 indexed nonce, address indexed payer, uint64 indexed merchantId, uint256 units);

    /// @notice A payment of a batch was refused; the others went on.
    /// @param nonce Authorization nonce.
    /// @param reason Selector of the error.
    event SpendRefused(bytes32 indexed nonce, bytes4 reason);

    /// @notice A refund was made.
    /// @param nonce Authorization nonce of the payment.
    /// @param refundRef Reference of the refund.
    /// @param merchantId Opaque merchant number.
    /// @param units Units given back.
    event Refunded(bytes32 indexed nonce, bytes32 indexed refundRef, uint64 indexed merchantId, uint256 units);

    /// @notice A refund of a batch was refused.
    /// @param refundRef Reference of the refund.
    /// @param reason Selector of the error.
    event RefundRefused(bytes32 indexed refundRef, bytes4 reason);

    /// @notice Takings were burned against a euro payment.
    /// @param merchantId Opaque merchant number.
    /// @param payoutRef Reference of the euro payment.
    /// @param units Units burned.
    event CashedOut(uint64 indexed merchantId, bytes32 indexed payoutRef, uint256 units);

    /// @notice A cash-out of a batch was refused.
    /// @param payoutRef Reference of the euro payment.
    /// @param reason Selector of the error.
    event CashOutRefused(bytes32 indexed payoutRef, bytes4 reason);

    /// @notice The bound of cash-outs changed.
    /// @param windowSeconds Time in which the bound fills again.
    /// @param capacityUnits Most units at once.
    event PayoutLimitChanged(uint256 windowSeconds, uint256 capacityUnits);

    /// @notice The single payment was refused; `reason` is the selector of the error below or in `IEcoToken`.
    error RedemptionDesk_SpendRefused(bytes32 nonce, bytes4 reason);

    /// @notice The single refund was refused.
    error RedemptionDesk_RefundRefused(bytes32 refundRef, bytes4 reason);

    /// @notice The single cash-out was refused.
    error RedemptionDesk_CashOutRefused(bytes32 payoutRef, bytes4 reason);

    /// @notice The merchant is not registered.
    error RedemptionDesk_MerchantUnknown();

    /// @notice The merchant is registered already, or the number is zero.
    error RedemptionDesk_MerchantRefused(uint64 merchantId);

    /// @notice The payment would pass the merchant's daily cap.
    error RedemptionDesk_MerchantCapExceeded();

    /// @notice The guardian may only lower a cap.
    error RedemptionDesk_CapNotLower(uint256 currentUnits, uint256 askedUnits);

    /// @notice The amount is zero or too large to be kept.
    error RedemptionDesk_UnitsOutOfRange();

    /// @notice The merchant's unsettled takings are smaller than asked.
    error RedemptionDesk_TakingsInsufficient();

    /// @notice The reference was used before.
    error RedemptionDesk_ReferenceUsed();

    /// @notice The cash-outs of the window would pass the treasurer's bound.
    error RedemptionDesk_PayoutBudgetExceeded();

    /// @notice The token failed without saying why (most likely too little gas): nothing of the batch happens.
    error RedemptionDesk_TokenFailed();

    /// @notice Register a merchant. Role REGISTRAR.
    /// @param merchantId Opaque number, not zero; works once.
    /// @param dailyCapUnits Most units per UTC day.
    function registerMerchant(uint64 merchantId, uint96 dailyCapUnits) external;

    /// @notice Change a merchant's daily cap, 0 to close. Role REGISTRAR.
    /// @param merchantId Registered merchant.
    /// @param dailyCapUnits Most units per UTC day.
    function setMerchantCap(uint64 merchantId, uint96 dailyCapUnits) external;

    /// @notice Lower a merchant's daily cap at once. Role GUARDIAN.
    /// @param merchantId Registered merchant.
    /// @param dailyCapUnits Less than today's cap.
    function lowerMerchantCap(uint64 merchantId, uint96 dailyCapUnits) external;

    /// @notice Take one payment or revert. Anyone may bring it.
    /// @param payment Signed payment.
    /// @custom:invariant I-8
    function spend(Spend calldata payment) external;

    /// @notice Take payments; a bad one is refused by an event. Anyone may bring them.
    /// @param payments Signed payments.
    /// @return accepted Number taken.
    function spendBatch(Spend[] calldata payments) external returns (uint256 accepted);

    /// @notice Give units of a payment back from the merchant's unsettled takings, or revert. Role TREASURER.
    /// @param item Refund.
    function refund(Refund calldata item) external;

    /// @notice Make refunds; a bad one is refused by an event. Role TREASURER.
    /// @param items Refunds.
    /// @return accepted Number made.
    function refundBatch(Refund[] calldata items) external returns (uint256 accepted);

    /// @notice Burn takings against a euro payment, or revert. Role TREASURER, bounded per window.
    /// @param merchantId Merchant.
    /// @param units Units to burn.
    /// @param payoutRef Reference of the euro payment; works once.
    function cashOut(uint64 merchantId, uint96 units, bytes32 payoutRef) external;

    /// @notice Burn takings of several merchants; a bad item is refused by an event. Role TREASURER.
    /// @param items Cash-outs.
    /// @return accepted Number made.
    function cashOutBatch(CashOut[] calldata items) external returns (uint256 accepted);

    /// @notice Set the bound of cash-outs. Role ADMIN.
    /// @param windowSeconds Time in which the bound fills again.
    /// @param capacityUnits Most units at once.
    function setPayoutLimit(uint32 windowSeconds, uint96 capacityUnits) external;

    /// @notice The nonce that a payer signs.
    /// @param merchantId Merchant.
    /// @param paymentRef Reference of the payment.
    /// @param salt Random.
    function authorizationNonce(uint64 merchantId, bytes32 paymentRef, bytes32 salt) external view returns (bytes32);

    /// @notice Unsettled takings of a merchant, in units.
    /// @param merchantId Merchant.
    function takingsOf(uint64 merchantId) external view returns (uint256);

    /// @notice Cap and use of a merchant's day.
    /// @param merchantId Merchant.
    /// @return isRegistered Whether it was registered.
    /// @return dailyCapUnits Most units per UTC day.
    /// @return spentTodayUnits Units taken since midnight UTC.
    function merchantOf(uint64 merchantId)
        external
        view
        returns (bool isRegistered, uint256 dailyCapUnits, uint256 spentTodayUnits);

    /// @notice What a payer paid under a nonce.
    /// @param payer Citizen.
    /// @param nonce Authorization nonce.
    /// @return units Units paid; 0 when unpaid.
    /// @return refundedUnits Units given back since.
    function spentOf(address payer, bytes32 nonce) external view returns (uint256 units, uint256 refundedUnits);

    /// @notice Whether a refund reference was used.
    /// @param refundRef Reference.
    function isRefunded(bytes32 refundRef) external view returns (bool);

    /// @notice Whether a payout reference was used.
    /// @param payoutRef Reference.
    function isPaidOut(bytes32 payoutRef) external view returns (bool);

    /// @notice Units that may still be cashed out now.
    function payoutAvailableUnits() external view returns (uint256);

    /// @notice The bound of cash-outs.
    /// @return windowSeconds Time in which the bound fills again.
    /// @return capacityUnits Most units at once.
    function payoutLimit() external view returns (uint256 windowSeconds, uint256 capacityUnits);

    /// @notice The token that this desk takes.
    function token() external view returns (address);
}
