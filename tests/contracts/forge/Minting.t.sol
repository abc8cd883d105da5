// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

import {System} from "./System.sol";

/// @title Fuzz of minting against a plain loop that reads words the way Solidity does
contract MintingTest is System {
    mapping(uint256 id => bool) private _isConsumed;
    mapping(address who => uint256 units) private _balances;

    /// @dev In storage: the compiler takes the timestamp for constant within a call and would read it again after a warp.
    uint256 private _start;

    function setUp() external {
        _deploy();
        token.setKind(address(this), 3);
    }

    /// @dev The equivalence test of the two assembly reads: the reference indexes the array.
    function testFuzz_WordsAreReadAsSolidityReadsThem(uint256 seed, uint8 count, uint8 people, uint16 spread) external {
        uint256 n = uint256(count) % 40;
        bytes32[] memory words = new bytes32[](n);
        uint256 minted = 0;
        uint256 skipped = 0;
        for (uint256 i = 0; i < n; ++i) {
            uint256 roll = uint256(keccak256(abi.encode(seed, i)));
            address to = address(uint160(0x1000 + (roll % (uint256(people) % 7 + 1))));
            uint256 id = _id((roll >> 32) % (uint256(spread) + 1)) | (((roll >> 80) & 1) << 44);
            uint256 units = 1 + ((roll >> 100) % ITEM_LIMIT);
            words[i] = _word(to, id, units);
            if (_isConsumed[id]) {
                ++skipped;
            } else {
                _isConsumed[id] = true;
                _balances[to] += units;
                minted += units;
            }
        }
        (uint256 seen, uint256 passed) = token.previewRewards(words, ITEM_LIMIT);
        _same("preview minted", seen, minted);
        _same("preview skipped", passed, skipped);
        (seen, passed) = token.mintRewards(words, ITEM_LIMIT);
        _same("minted", seen, minted);
        _same("skipped", passed, skipped);
        _same("supply", token.totalSupply(), minted);
        for (uint160 who = 0x1000; who < 0x1008; ++who) {
            _same("balance", token.balanceOf(address(who)), _balances[address(who)]);
        }
        (seen, passed) = token.mintRewards(words, ITEM_LIMIT);
        _same("minted again", seen, 0);
        _same("skipped again", passed, n);
    }

    function testFuzz_UnitsAndIncarnationAreBounded(address to, uint48 id, uint48 units, uint48 limit) external {
        VM.assume(to != address(0) && to != address(this) && to != address(issuer) && to != address(desk));
        bytes32[] memory words = new bytes32[](1);
        words[0] = _word(to, id, units);
        bool isGood = units >= 1 && units <= limit && (id >> 32) & 0xfff == 1;
        try token.mintRewards(words, limit) returns (uint256 minted, uint256) {
            _holds("should have been refused", isGood);
            _same("minted", minted, units);
            _holds("consumed", token.isConsumed(id));
        } catch {
            _holds("should have been minted", !isGood);
            _holds("not consumed", !token.isConsumed(id));
        }
    }

    function testFuzz_NobodyWithoutTheKindMints(address caller) external {
        VM.assume(caller != address(this) && caller != address(issuer));
        VM.prank(caller);
        try token.mintRewards(new bytes32[](1), ITEM_LIMIT) {
            revert CheckFailed("minted", 0, 1);
        } catch {}
    }

    function testFuzz_LeakedMinterGetsNoMoreThanItsBucket(uint256 seed, uint8 rounds) external {
        _start = block.timestamp;
        uint256 stolen = 0;
        uint256 counter = 0;
        for (uint256 i = 0; i < uint256(rounds) % 24; ++i) {
            VM.warp(block.timestamp + uint256(keccak256(abi.encode(seed, i))) % 4 hours);
            bytes32[] memory words = new bytes32[](250);
            for (uint256 k = 0; k < 250; ++k) {
                words[k] = _word(address(0xbad), _id(counter++), ITEM_LIMIT);
            }
            try issuer.issue(1, 0, words) returns (uint256 minted, uint256) {
                stolen += minted;
            } catch {}
            uint256 bound = MINTER_CAPACITY + MINTER_CAPACITY * (block.timestamp - _start) / WINDOW;
            _holds("capacity x (1 + t / window)", stolen <= bound);
        }
    }
}
