// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

import {EcoToken} from "../../../../contracts/EcoToken.sol";
import {RuleBook} from "../../../../contracts/RuleBook.sol";
import {PointsAccessManager} from "../../../../contracts/access/PointsAccessManager.sol";
import {Checks} from "../Vm.sol";

/// @title Properties that halmos proves for every input (`make audit-contracts`)
/// @dev The names start with `check_`, so that forge does not run them.
contract Proofs is Checks {
    uint256 private constant CEILING = 1e12;
    uint256 private constant LIMIT = 1e6;
    address private constant DESK = address(0xde5c);

    EcoToken private _token;
    RuleBook private _book;

    function setUp() public {
        PointsAccessManager manager = new PointsAccessManager(address(this));
        _token = new EcoToken(address(manager), CEILING);
        _book = new RuleBook(address(manager), 30, 400 days);
        _token.openIncarnation();
        _token.setKind(address(this), 3);
        _token.setKind(DESK, 1);
    }

    function check_MintCreditsExactlyTheUnits(address to, uint32 count, uint48 units) public {
        uint256 before = _token.balanceOf(to);
        (uint256 minted, uint256 skipped) = _token.mintRewards(_one(to, count, units), LIMIT);
        assert(minted == units && skipped == 0);
        assert(_token.balanceOf(to) == before + units);
    }

    function check_NoIdIsMintedTwice(address to, address other, uint32 count, uint48 units, uint48 more) public {
        _token.mintRewards(_one(to, count, units), LIMIT);
        (uint256 minted, uint256 skipped) = _token.mintRewards(_one(other, count, more), LIMIT);
        assert(minted == 0 && skipped == 1);
    }

    function check_SkippingChangesNoBalance(address to, address other, uint32 count, uint48 units) public {
        _token.mintRewards(_one(to, count, units), LIMIT);
        uint256 before = _token.balanceOf(other);
        uint256 supply = _token.totalSupply();
        _token.mintRewards(_one(other, count, units), LIMIT);
        assert(_token.balanceOf(other) == before && _token.totalSupply() == supply);
    }

    function check_SupplyIsTheSumAfterTwoMints(address a, address b, uint48 units, uint48 more) public {
        bytes32[] memory words = new bytes32[](2);
        words[0] = _word(a, 1, units);
        words[1] = _word(b, 2, more);
        _token.mintRewards(words, LIMIT);
        uint256 held = a == b ? _token.balanceOf(a) : _token.balanceOf(a) + _token.balanceOf(b);
        assert(_token.totalSupply() == held);
    }

    function check_ItemLimitHolds(address to, uint32 count, uint48 units, uint48 limit) public {
        (uint256 minted,) = _token.mintRewards(_one(to, count, units), limit);
        assert(minted <= limit && minted != 0);
    }

    function check_CeilingHolds(address to, uint48 units) public {
        _token.mintRewards(_one(to, 1, units), type(uint48).max);
        assert(_token.mintedTodayUnits() <= CEILING);
    }

    function check_PauseBlocksMint(address to, uint32 count, uint48 units) public {
        _token.pauseMint();
        try _token.mintRewards(_one(to, count, units), LIMIT) {
            assert(false);
        } catch {}
    }

    function check_OnlyOpenedIncarnations(address to, uint48 id, uint48 units) public {
        bytes32[] memory words = new bytes32[](1);
        words[0] = bytes32((uint256(uint160(to)) << 96) | (uint256(id) << 48) | units);
        _token.mintRewards(words, LIMIT);
        assert((id >> 32) & 0xfff == 1);
    }

    function check_OnlyCitizensAreRewarded(address to, uint32 count, uint48 units) public {
        _token.mintRewards(_one(to, count, units), LIMIT);
        assert(to != address(0) && to != address(this) && to != DESK);
    }

    function check_TransfersNeverSucceed(address to, uint256 units) public {
        try _token.transfer(to, units) {
            assert(false);
        } catch {}
        try _token.transferFrom(to, address(this), units) {
            assert(false);
        } catch {}
    }

    function check_OnlyADeskBurns(uint256 units) public {
        // This contract is an issuer and an admin, and still no desk.
        try _token.burnUnits(units) {
            assert(false);
        } catch {}
    }

    function check_AKindIsNeverTakenByACitizenWithUnits(address to, uint48 units, uint8 kind) public {
        _token.mintRewards(_one(to, 1, units), LIMIT);
        try _token.setKind(to, kind) {
            assert(false);
        } catch {}
    }

    function check_NothingIsUsableBeforeItsEffect(bytes32 documentHash, uint64 effectiveFrom) public {
        _book.publish(1, documentHash, effectiveFrom);
        assert(!_book.usable(1) || block.timestamp >= effectiveFrom);
    }

    function check_SuspendedIsNotUsable(bytes32 documentHash, uint64 effectiveFrom) public {
        _book.publish(1, documentHash, effectiveFrom);
        _book.suspend(1);
        assert(!_book.usable(1));
    }

    /// @dev Whatever `ecrecover` answers: halmos takes it for an unknown function.
    function check_AnAuthorizationIsUsedOnce(address from, uint48 units, bytes32 nonce, uint8 v, bytes32 r, bytes32 s)
        public
    {
        _token.mintRewards(_one(from, 1, units), LIMIT);
        // Enough for a second time, so that it is not the balance that refuses it.
        _token.mintRewards(_one(from, 2, units), LIMIT);
        VM.prank(DESK);
        _token.receiveWithAuthorization(from, DESK, units, 0, type(uint256).max, nonce, v, r, s);
        VM.prank(DESK);
        try _token.receiveWithAuthorization(from, DESK, units, 0, type(uint256).max, nonce, v, r, s) {
            assert(false);
        } catch {}
    }

    function check_ACancelledAuthorizationPaysNothing(address from, bytes32 nonce, uint8 v, bytes32 r, bytes32 s)
        public
    {
        _token.mintRewards(_one(from, 1, 100), LIMIT);
        _token.cancelAuthorization(from, nonce, v, r, s);
        VM.prank(DESK);
        try _token.receiveWithAuthorization(from, DESK, 100, 0, type(uint256).max, nonce, v, r, s) {
            assert(false);
        } catch {}
    }

    function check_APaymentMovesExactlyTheUnits(address from, uint48 held, uint48 units, uint8 v, bytes32 r, bytes32 s)
        public
    {
        _token.mintRewards(_one(from, 1, held), LIMIT);
        VM.prank(DESK);
        _token.receiveWithAuthorization(from, DESK, units, 0, type(uint256).max, 0, v, r, s);
        assert(units <= held && _token.balanceOf(from) == held - units && _token.balanceOf(DESK) == units);
    }

    function check_OnlyAnIssuerMints(address caller, address to, uint32 count, uint48 units) public {
        if (caller == address(this)) return;
        VM.prank(caller);
        try _token.mintRewards(_one(to, count, units), LIMIT) {
            assert(false);
        } catch {}
    }

    function check_OnlyItsRoleActs(address caller, address account, uint8 kind) public {
        if (caller == address(this)) return;
        VM.prank(caller);
        try _token.setKind(account, kind) {
            assert(false);
        } catch {}
        VM.prank(caller);
        try _token.unpauseMint() {
            assert(false);
        } catch {}
        VM.prank(caller);
        try _token.openIncarnation() {
            assert(false);
        } catch {}
    }

    function _one(address to, uint32 count, uint48 units) private pure returns (bytes32[] memory words) {
        words = new bytes32[](1);
        words[0] = _word(to, count, units);
    }

    function _word(address to, uint32 count, uint48 units) private pure returns (bytes32) {
        return bytes32((uint256(uint160(to)) << 96) | (((uint256(1) << 32) | count) << 48) | units);
    }
}
