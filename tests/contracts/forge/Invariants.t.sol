// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

import {EcoToken} from "../../../contracts/EcoToken.sol";
import {RedemptionDesk} from "../../../contracts/RedemptionDesk.sol";
import {IRedemptionDesk} from "../../../contracts/interfaces/IRedemptionDesk.sol";
import {Signing} from "./Payments.t.sol";

/// @title Does what people do, and counts what must add up
contract Handler is Signing {
    uint256 public minted;
    uint256 public burned;
    uint256 public paid;
    uint256 public refunded;
    uint256 public started;
    uint256 private _refs;
    uint256[] private _consumed;

    /// @dev Addresses of the keys 1 to 5: deriving one costs more than the call that uses it.
    address[5] private _people;

    constructor() {
        _deploy();
        for (uint256 i = 0; i < _people.length; ++i) {
            _people[i] = VM.addr(i + 1);
        }
        for (uint64 merchantId = 1; merchantId <= 3; ++merchantId) {
            desk.registerMerchant(merchantId, 1e9);
        }
        started = block.timestamp;
    }

    function issue(uint256 seed, uint8 count) external {
        bytes32[] memory words = new bytes32[](1 + uint256(count) % 12);
        for (uint256 i = 0; i < words.length; ++i) {
            uint256 roll = uint256(keccak256(abi.encode(seed, i)));
            uint256 id = _id(roll % 700);
            words[i] = _word(_people[(roll >> 40) % 5], id, 1 + (roll >> 80) % ITEM_LIMIT);
            _consumed.push(id);
        }
        (uint256 wouldBe, uint256 wouldSkip) = issuer.dryRun(address(this), 1, words);
        (uint256 units, uint256 skipped) = issuer.issue(1, 0, words);
        _same("dry run minted", wouldBe, units);
        _same("dry run skipped", wouldSkip, skipped);
        minted += units;
    }

    function spend(uint256 key, uint64 merchantId, uint96 units, uint8 ref) external {
        IRedemptionDesk.Spend[] memory batch = new IRedemptionDesk.Spend[](1);
        uint96 asked = 1 + units % 50_000;
        batch[0] = _signed(1 + key % 5, 1 + merchantId % 4, asked, bytes32(uint256(ref)));
        if (desk.spendBatch(batch) == 1) paid += asked;
    }

    function refund(uint256 key, uint64 merchantId, uint96 units, uint8 ref) external {
        IRedemptionDesk.Refund[] memory items = new IRedemptionDesk.Refund[](1);
        address payer = _people[key % 5];
        items[0] = IRedemptionDesk.Refund({
            payer: payer,
            to: payer,
            units: units % 50_000,
            merchantId: 1 + merchantId % 4,
            paymentRef: bytes32(uint256(ref)),
            salt: keccak256("salt"),
            refundRef: bytes32(++_refs)
        });
        if (desk.refundBatch(items) == 1) refunded += units % 50_000;
    }

    function cashOut(uint64 merchantId, uint96 units, uint8 ref) external {
        IRedemptionDesk.CashOut[] memory items = new IRedemptionDesk.CashOut[](1);
        items[0] = IRedemptionDesk.CashOut(1 + merchantId % 4, units % 50_000, bytes32(uint256(ref)));
        if (desk.cashOutBatch(items) == 1) burned += units % 50_000;
    }

    function passTime(uint24 seconds_) external {
        VM.warp(block.timestamp + uint256(seconds_) % 2 hours);
    }

    function eco() external view returns (EcoToken) {
        return token;
    }

    function counter() external view returns (RedemptionDesk) {
        return desk;
    }

    function balances() external view returns (uint256 sum) {
        for (uint256 i = 0; i < _people.length; ++i) {
            sum += token.balanceOf(_people[i]);
        }
    }

    function takings() external view returns (uint256 sum) {
        for (uint64 merchantId = 1; merchantId <= 4; ++merchantId) {
            sum += desk.takingsOf(merchantId);
        }
    }

    function bound() external view returns (uint256) {
        return MINTER_CAPACITY + MINTER_CAPACITY * (block.timestamp - started) / WINDOW;
    }

    function allConsumed() external view returns (bool) {
        for (uint256 i = _consumed.length > 40 ? _consumed.length - 40 : 0; i < _consumed.length; ++i) {
            if (!token.isConsumed(uint48(_consumed[i]))) return false;
        }
        return true;
    }
}

/// @title What must always hold, see tests/contracts/invariants.md
contract InvariantsTest {
    Handler private _handler;

    error Broken(string which, uint256 left, uint256 right);

    function setUp() external {
        _handler = new Handler();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    /// @dev One campaign for all of them: the same calls are checked four ways, at a quarter of the cost.
    function invariant_TheBooksAddUp() external view {
        EcoToken token = _handler.eco();
        uint256 desk = token.balanceOf(address(_handler.counter()));
        _same("I-1 balances", token.totalSupply(), _handler.balances() + desk);
        _same("I-1 flows", token.totalSupply(), _handler.minted() - _handler.burned());
        if (!_handler.allConsumed()) revert Broken("I-2", 0, 1);
        if (_handler.minted() > _handler.bound()) revert Broken("I-4", _handler.minted(), _handler.bound());
        _same("I-8 takings", desk, _handler.takings());
        _same("I-8 flows", desk, _handler.paid() - _handler.refunded() - _handler.burned());
    }

    function _same(string memory which, uint256 left, uint256 right) private pure {
        if (left != right) revert Broken(which, left, right);
    }
}
