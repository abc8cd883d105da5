// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IEcoToken} from "../interfaces/IEcoToken.sol";
import {PointBooks} from "./PointBooks.sol";

/// @title Payments by authorization
/// @author Calanque
/// @notice The receive and cancel halves of EIP-3009, and refunds bounded by what an authorization paid.
/// @dev No ERC-1271: an account that is a contract could be sold, and the loop would be open.
abstract contract PaymentAuthorizations is PointBooks, EIP712 {
    /// @dev One slot: who was paid (the token itself when cancelled), how much, and how much of it came back.
    struct Authorization {
        address payee;
        uint48 units;
        uint48 refundedUnits;
    }

    bytes32 private constant RECEIVE_TYPEHASH = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 private constant CANCEL_TYPEHASH = keccak256("CancelAuthorization(address authorizer,bytes32 nonce)");

    mapping(address authorizer => mapping(bytes32 nonce => Authorization)) private _authorizations;

    constructor() EIP712("Calanque Points", "1") {}

    /// @inheritdoc IEcoToken
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
    ) external onlyKind(KIND_DESK) {
        _requireSpendOpen();
        // Windows are weeks long: the seconds by which a proposer may shift the clock do not matter.
        // forge-lint: disable-next-line(block-timestamp)
        if (block.timestamp <= validAfter) revert EcoToken_AuthorizationNotYetValid(validAfter);
        // forge-lint: disable-next-line(block-timestamp)
        if (block.timestamp >= validBefore) revert EcoToken_AuthorizationExpired(validBefore);
        if (to != msg.sender) revert EcoToken_PayeeNotCaller(to, msg.sender);
        if (value == 0 || value > type(uint48).max) revert EcoToken_UnitsOutOfRange(value);
        bytes32 structHash = keccak256(abi.encode(RECEIVE_TYPEHASH, from, to, value, validAfter, validBefore, nonce));
        // The check above bounds `value`.
        // forge-lint: disable-next-line(unsafe-typecast)
        _consume(from, nonce, Authorization(to, uint48(value), 0));
        _requireSigned(from, structHash, v, r, s);
        emit AuthorizationUsed(from, nonce);
        _move(from, to, value);
    }

    /// @inheritdoc IEcoToken
    function cancelAuthorization(address authorizer, bytes32 nonce, uint8 v, bytes32 r, bytes32 s) external {
        _consume(authorizer, nonce, Authorization(address(this), 0, 0));
        _requireSigned(authorizer, keccak256(abi.encode(CANCEL_TYPEHASH, authorizer, nonce)), v, r, s);
        emit AuthorizationCanceled(authorizer, nonce);
    }

    /// @inheritdoc IEcoToken
    function refundAuthorization(address authorizer, bytes32 nonce, address to, uint256 units)
        external
        onlyKind(KIND_DESK)
    {
        _requireSpendOpen();
        if (to != authorizer && _accounts[to].slot.kind() != KIND_FORFEIT) revert EcoToken_RefundAstray(to);
        Authorization memory paid = _authorizations[authorizer][nonce];
        uint256 leftUnits = paid.payee == msg.sender ? paid.units - paid.refundedUnits : 0;
        if (units > leftUnits) revert EcoToken_RefundExceedsPayment(nonce, leftUnits, units);
        if (units == 0) revert EcoToken_UnitsOutOfRange(units);
        // `leftUnits` is a uint48 and bounds `units`.
        // forge-lint: disable-next-line(unsafe-typecast)
        _authorizations[authorizer][nonce].refundedUnits = paid.refundedUnits + uint48(units);
        emit AuthorizationRefunded(authorizer, nonce, to, units);
        _move(msg.sender, to, units);
    }

    /// @inheritdoc IEcoToken
    function authorizationState(address authorizer, bytes32 nonce) external view returns (bool) {
        return _authorizations[authorizer][nonce].payee != address(0);
    }

    /// @inheritdoc IEcoToken
    function authorizationOf(address authorizer, bytes32 nonce)
        external
        view
        returns (address payee, uint256 units, uint256 refundedUnits)
    {
        Authorization memory paid = _authorizations[authorizer][nonce];
        return (paid.payee, paid.units, paid.refundedUnits);
    }

    /// @inheritdoc IEcoToken
    // The name is EIP-2612's and EIP-3009's.
    // forge-lint: disable-next-line(mixed-case-function)
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    function _consume(address authorizer, bytes32 nonce, Authorization memory record) private {
        if (_authorizations[authorizer][nonce].payee != address(0)) {
            revert EcoToken_AuthorizationSpent(authorizer, nonce);
        }
        _authorizations[authorizer][nonce] = record;
    }

    function _requireSigned(address signer, bytes32 structHash, uint8 v, bytes32 r, bytes32 s) private view {
        // The third value describes the problem that the second names.
        // slither-disable-next-line unused-return
        (address recovered, ECDSA.RecoverError problem,) = ECDSA.tryRecover(_hashTypedDataV4(structHash), v, r, s);
        if (problem != ECDSA.RecoverError.NoError || recovered != signer) revert EcoToken_SignatureInvalid(signer);
    }
}
