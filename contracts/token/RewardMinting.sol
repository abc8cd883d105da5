// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IEcoToken} from "../interfaces/IEcoToken.sol";
import {RewardWord} from "../libraries/RewardWord.sol";
import {PointBooks} from "./PointBooks.sol";

/// @title Minting of rewards
/// @author Calanque
/// @notice Consumes ids once and for ever, whichever issuer brings them, and mints under an absolute daily ceiling.
abstract contract RewardMinting is PointBooks, AccessManaged {
    using RewardWord for bytes32;
    using RewardWord for uint48;

    uint16 private constant INCARNATION_MAX = 0x0fff;

    uint256 private immutable _DAILY_CEILING_UNITS;

    mapping(uint256 index => uint256 bits) private _consumed;

    constructor(uint256 ceilingUnits) {
        if (ceilingUnits == 0 || ceilingUnits > type(uint96).max) revert EcoToken_CeilingInvalid(ceilingUnits);
        _DAILY_CEILING_UNITS = ceilingUnits;
    }

    /// @inheritdoc IEcoToken
    function mintRewards(bytes32[] calldata words) external restricted returns (uint256 unitsMinted, uint256 skipped) {
        Head memory head = _head;
        if (head.isMintPaused) revert EcoToken_MintPaused();
        (unitsMinted, skipped) = _consumeAndCredit(words, head.incarnation);
        if (unitsMinted == 0) return (unitsMinted, skipped);
        uint256 todayUnits = _underCeiling(head, unitsMinted);
        // Both sums are bounded: today's by the ceiling, a uint96; the supply by a checked addition.
        // forge-lint: disable-next-line(unsafe-typecast)
        (head.mintedUnits, head.mintDay) = (uint96(todayUnits), _today());
        // forge-lint: disable-next-line(unsafe-typecast)
        head.supplyUnits += uint96(unitsMinted);
        _head = head;
    }

    /// @inheritdoc IEcoToken
    function openIncarnation() external restricted returns (uint16 opened) {
        if (_head.incarnation == INCARNATION_MAX) revert EcoToken_IncarnationsExhausted();
        opened = _head.incarnation + 1;
        _head.incarnation = opened;
        emit IncarnationOpened(opened);
    }

    /// @inheritdoc IEcoToken
    function previewRewards(bytes32[] calldata words) external view returns (uint256 unitsMinted, uint256 skipped) {
        Head memory head = _head;
        if (head.isMintPaused) revert EcoToken_MintPaused();
        uint48 highest = 0;
        for (uint256 i = 0; i < words.length; ++i) {
            uint48 id = _validId(words[i], head.incarnation);
            // Ids usually ascend; only one that does not can repeat an earlier one.
            bool isRepeated = id <= highest && _occursBefore(words, i);
            if (id > highest) highest = id;
            if (isRepeated || isConsumed(id)) {
                ++skipped;
                continue;
            }
            _requireCitizen(words[i].recipientOf());
            unitsMinted += words[i].unitsOf();
        }
        _underCeiling(head, unitsMinted);
    }

    /// @inheritdoc IEcoToken
    function incarnation() external view returns (uint16) {
        return _head.incarnation;
    }

    /// @inheritdoc IEcoToken
    function dailyCeilingUnits() external view returns (uint256) {
        return _DAILY_CEILING_UNITS;
    }

    /// @inheritdoc IEcoToken
    function mintedTodayUnits() external view returns (uint256) {
        return _head.mintDay == _today() ? _head.mintedUnits : 0;
    }

    /// @inheritdoc IEcoToken
    function isConsumed(uint48 id) public view returns (bool) {
        return _consumed[id >> 8] & _bitOf(id) != 0;
    }

    /// @dev One pass: the bitmap word of the last id and the run of words to one recipient are held back and written
    /// when they change.
    function _consumeAndCredit(bytes32[] calldata words, uint16 opened)
        private
        returns (uint256 unitsMinted, uint256 skipped)
    {
        // An index has 40 bits, so this one is no index and the first id loads its word.
        uint256 index = type(uint256).max;
        uint256 bits = 0;
        address recipient = address(0);
        uint256 runUnits = 0;
        for (uint256 i = 0; i < words.length; ++i) {
            bytes32 word = words[i];
            uint48 id = _validId(word, opened);
            if (id >> 8 != index) {
                if (index != type(uint256).max) _consumed[index] = bits;
                index = id >> 8;
                bits = _consumed[index];
            }
            if (bits & _bitOf(id) != 0) {
                ++skipped;
                emit RewardSkipped(id);
                continue;
            }
            bits |= _bitOf(id);
            if (word.recipientOf() != recipient) {
                unitsMinted += _creditRun(recipient, runUnits);
                (recipient, runUnits) = (word.recipientOf(), 0);
            }
            runUnits += word.unitsOf();
        }
        if (index != type(uint256).max) _consumed[index] = bits;
        unitsMinted += _creditRun(recipient, runUnits);
    }

    function _creditRun(address recipient, uint256 units) private returns (uint256) {
        if (units == 0) return 0;
        _requireCitizen(recipient);
        _credit(recipient, units);
        emit Transfer(address(0), recipient, units);
        return units;
    }

    function _underCeiling(Head memory head, uint256 units) private view returns (uint256 todayUnits) {
        todayUnits = units + (head.mintDay == _today() ? head.mintedUnits : 0);
        if (todayUnits > _DAILY_CEILING_UNITS) revert EcoToken_DailyCeilingExceeded(todayUnits, _DAILY_CEILING_UNITS);
    }

    function _validId(bytes32 word, uint16 opened) private pure returns (uint48 id) {
        id = word.idOf();
        uint16 made = id.incarnationOf();
        if (made == 0 || word.unitsOf() == 0 || word.recipientOf() == address(0)) revert EcoToken_WordInvalid(word);
        if (made > opened) revert EcoToken_IncarnationUnknown(id, opened);
    }

    function _occursBefore(bytes32[] calldata words, uint256 position) private pure returns (bool) {
        uint48 id = words[position].idOf();
        for (uint256 i = 0; i < position; ++i) {
            if (words[i].idOf() == id) return true;
        }
        return false;
    }

    function _bitOf(uint48 id) private pure returns (uint256) {
        return 1 << (id & 0xff);
    }
}
