// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

import {EcoToken} from "../../../contracts/EcoToken.sol";
import {RedemptionDesk} from "../../../contracts/RedemptionDesk.sol";
import {RewardIssuer} from "../../../contracts/RewardIssuer.sol";
import {RuleBook} from "../../../contracts/RuleBook.sol";
import {PointsAccessManager} from "../../../contracts/access/PointsAccessManager.sol";
import {IRewardIssuer} from "../../../contracts/interfaces/IRewardIssuer.sol";
import {Checks} from "./Vm.sol";

/// @title The four contracts, with this test as admin, minter, registrar, treasurer and guardian
abstract contract System is Checks {
    uint256 internal constant CEILING = 1e12;
    uint48 internal constant ITEM_LIMIT = 1e6;
    uint256 internal constant MINTER_CAPACITY = 1e9;
    uint256 internal constant GLOBAL_CAPACITY = 15e8;
    uint32 internal constant WINDOW = 1 days;

    PointsAccessManager internal manager;
    EcoToken internal token;
    RuleBook internal book;
    RewardIssuer internal issuer;
    RedemptionDesk internal desk;

    function _deploy() internal {
        VM.warp(1_800_000_000);
        manager = new PointsAccessManager(address(this));
        token = new EcoToken(address(manager), CEILING);
        book = new RuleBook(address(manager), 30, 400 days);
        IRewardIssuer.Limits memory limits = IRewardIssuer.Limits({
            itemUnits: ITEM_LIMIT,
            batchItems: 300,
            batchUnits: 5e8,
            windowSeconds: WINDOW,
            // A constant far below 2**96.
            // forge-lint: disable-next-line(unsafe-typecast)
            minterCapacityUnits: uint96(MINTER_CAPACITY),
            // A constant far below 2**96.
            // forge-lint: disable-next-line(unsafe-typecast)
            globalCapacityUnits: uint96(GLOBAL_CAPACITY)
        });
        issuer = new RewardIssuer(address(manager), token, book, limits);
        desk = new RedemptionDesk(address(manager), token, WINDOW, 1e9);
        token.openIncarnation();
        token.setKind(address(issuer), 3);
        token.setKind(address(desk), 1);
        book.publish(1, keccak256("document"), uint64(block.timestamp));
    }

    function _word(address to, uint256 id, uint256 units) internal pure returns (bytes32) {
        return bytes32((uint256(uint160(to)) << 96) | (id << 48) | units);
    }

    function _id(uint256 counter) internal pure returns (uint256) {
        return (1 << 32) | (counter & 0xffffffff);
    }
}
