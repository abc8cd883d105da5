// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

import {IRedemptionDesk} from "../../../contracts/interfaces/IRedemptionDesk.sol";
import {System} from "./System.sol";

/// @title Signing of payments, shared by fuzz tests and invariants
abstract contract Signing is System {
    bytes32 private constant RECEIVE_TYPEHASH = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );

    function _signed(uint256 key, uint64 merchantId, uint96 units, bytes32 paymentRef)
        internal
        view
        returns (IRedemptionDesk.Spend memory payment)
    {
        payment = IRedemptionDesk.Spend({
            payer: VM.addr(key),
            units: units,
            merchantId: merchantId,
            validAfter: uint48(block.timestamp - 1),
            validBefore: uint48(block.timestamp + 30 days),
            paymentRef: paymentRef,
            salt: keccak256("salt"),
            v: 0,
            r: 0,
            s: 0
        });
        bytes32 nonce = desk.authorizationNonce(merchantId, paymentRef, payment.salt);
        bytes32 structHash = keccak256(
            abi.encode(
                RECEIVE_TYPEHASH,
                payment.payer,
                address(desk),
                uint256(units),
                uint256(payment.validAfter),
                uint256(payment.validBefore),
                nonce
            )
        );
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", token.DOMAIN_SEPARATOR(), structHash));
        (payment.v, payment.r, payment.s) = VM.sign(key, digest);
    }
}

/// @title Fuzz of payments and refunds
contract PaymentsTest is Signing {
    uint256 private constant KEY = 0xa11ce;

    function setUp() external {
        _deploy();
        token.setKind(address(this), 3);
        bytes32[] memory words = new bytes32[](1);
        words[0] = _word(VM.addr(KEY), _id(1), ITEM_LIMIT);
        token.mintRewards(words, ITEM_LIMIT);
        desk.registerMerchant(7, 800_000);
        desk.registerMerchant(8, 800_000);
    }

    function testFuzz_SpendsNoMoreThanBalanceAndCap(uint96 units) external {
        IRedemptionDesk.Spend[] memory batch = new IRedemptionDesk.Spend[](1);
        batch[0] = _signed(KEY, 7, units, "a");
        uint256 accepted = desk.spendBatch(batch);
        bool isGood = units >= 1 && units <= 800_000;
        _same("accepted", accepted, isGood ? 1 : 0);
        _same("takings", desk.takingsOf(7), isGood ? units : 0);
        _same("conserved", token.balanceOf(VM.addr(KEY)) + desk.takingsOf(7), ITEM_LIMIT);
    }

    function testFuzz_OneChangedFieldIsRefused(uint8 field, uint96 noise) external {
        IRedemptionDesk.Spend memory payment = _signed(KEY, 7, 100, "a");
        VM.assume(noise != 0);
        uint256 which = uint256(field) % 7;
        if (which == 0) payment.payer = address(uint160(payment.payer) ^ uint160(noise));
        else if (which == 1) payment.units = 1 + (payment.units ^ noise) % 700_000;
        else if (which == 2) payment.merchantId = 8;
        // At most 1,000, so nothing is cut off.
        // forge-lint: disable-next-line(unsafe-typecast)
        else if (which == 3) payment.validBefore += uint48(1 + noise % 1000);
        else if (which == 4) payment.paymentRef ^= bytes32(uint256(noise));
        else if (which == 5) payment.salt ^= bytes32(uint256(noise));
        // At most 1,000, so nothing is cut off.
        // forge-lint: disable-next-line(unsafe-typecast)
        else payment.validAfter -= uint48(1 + noise % 1000);
        VM.assume(payment.units != 100 || which != 1);
        try desk.spend(payment) {
            revert CheckFailed("taken", which, noise);
        } catch {}
        _same("takings", desk.takingsOf(7) + desk.takingsOf(8), 0);
    }

    function testFuzz_RefundsNeverPassThePayment(uint48[6] memory parts) external {
        desk.spend(_signed(KEY, 7, 1000, "a"));
        desk.spend(_signed(KEY, 7, 5000, "b"));
        uint256 back = 0;
        for (uint256 i = 0; i < parts.length; ++i) {
            uint96 units = parts[i] % 1200;
            IRedemptionDesk.Refund[] memory items = new IRedemptionDesk.Refund[](1);
            items[0] = IRedemptionDesk.Refund({
                payer: VM.addr(KEY),
                to: VM.addr(KEY),
                units: units,
                merchantId: 7,
                paymentRef: "a",
                salt: keccak256("salt"),
                refundRef: bytes32(i + 1)
            });
            if (desk.refundBatch(items) == 1) back += units;
            _holds("refunds <= payment", back <= 1000);
            _same("takings", desk.takingsOf(7), 6000 - back);
        }
    }
}
