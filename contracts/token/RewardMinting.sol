// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IEcoToken} from "../interfaces/IEcoToken.sol";
import {AccountSlot, AccountSlots} from "../libraries/AccountSlot.sol";
import {HeadSlot} from "../libraries/HeadSlot.sol";
import {RewardWord} from "../libraries/RewardWord.sol";
import {PointBooks} from "./PointBooks.sol";

/// @title Minting of rewards
/// @author Calanque
/// @notice Consumes ids once and for ever, whichever issuer brings them, and mints under an absolute daily ceiling.
abstract contract RewardMinting is PointBooks, AccessManaged {
    using RewardWord for bytes32;
    using RewardWord for uint256;

    uint256 private constant INCARNATION_MAX = 0x0fff;

    /// @dev A bitmap index has 40 bits, so this one is no index and the first id loads its word.
    uint256 private constant NO_INDEX = type(uint256).max;

    uint256 private immutable _DAILY_CEILING_UNITS;

    mapping(uint256 index => uint256 bits) private _consumed;

    constructor(uint256 ceilingUnits) {
        if (ceilingUnits == 0 || ceilingUnits > type(uint96).max) revert EcoToken_CeilingInvalid(ceilingUnits);
        _DAILY_CEILING_UNITS = ceilingUnits;
    }

    /// @inheritdoc IEcoToken
    function mintRewards(bytes32[] calldata words, uint256 itemLimitUnits)
        external
        onlyKind(KIND_ISSUER)
        returns (uint256 unitsMinted, uint256 skipped)
    {
        HeadSlot head = _head;
        if (head.isMintPaused()) revert EcoToken_MintPaused();
        (unitsMinted, skipped) = _consumeAndCredit(words, itemLimitUnits);
        if (unitsMinted == 0) return (unitsMinted, skipped);
        uint256 todayUnits = _underCeiling(head, unitsMinted);
        uint256 supplyUnits = head.supplyUnits() + unitsMinted;
        if (supplyUnits > type(uint96).max) revert EcoToken_SupplyExhausted();
        _head = head.minted(supplyUnits, todayUnits, _today());
    }

    /// @inheritdoc IEcoToken
    function openIncarnation() external restricted returns (uint16 opened) {
        uint256 latest = _head.incarnation();
        if (latest == INCARNATION_MAX) revert EcoToken_IncarnationsExhausted();
        // Twelve bits, as checked.
        // forge-lint: disable-next-line(unsafe-typecast)
        opened = uint16(latest + 1);
        _head = _head.withIncarnation(opened);
        emit IncarnationOpened(opened);
    }

    /// @inheritdoc IEcoToken
    function previewRewards(bytes32[] calldata words, uint256 itemLimitUnits)
        external
        view
        returns (uint256 unitsMinted, uint256 skipped)
    {
        HeadSlot head = _head;
        if (head.isMintPaused()) revert EcoToken_MintPaused();
        uint256 highest = 0;
        for (uint256 i = 0; i < words.length; ++i) {
            uint256 id = words[i].idOf();
            // Ids usually ascend; only one that does not can repeat an earlier one.
            bool isRepeated = id <= highest && _occursBefore(words, i);
            if (id > highest) highest = id;
            // forge-lint: disable-next-line(incorrect-shift): one shifted by the position is the mask wanted here.
            bool isConsumed_ = _bitsAt(id >> 8) & (1 << (id & 0xff)) != 0;
            if (isRepeated || isConsumed_) {
                ++skipped;
                continue;
            }
            _requireCitizen(words[i].recipientOf());
            unitsMinted += _unitsWithin(words[i], itemLimitUnits);
        }
        _underCeiling(head, unitsMinted);
    }

    /// @inheritdoc IEcoToken
    function incarnation() external view returns (uint16) {
        // Twelve bits.
        // forge-lint: disable-next-line(unsafe-typecast)
        return uint16(_head.incarnation());
    }

    /// @inheritdoc IEcoToken
    function dailyCeilingUnits() external view returns (uint256) {
        return _DAILY_CEILING_UNITS;
    }

    /// @inheritdoc IEcoToken
    function mintedTodayUnits() external view returns (uint256) {
        return _head.mintedUnitsOn(_today());
    }

    /// @inheritdoc IEcoToken
    function isConsumed(uint48 id) external view returns (bool) {
        // forge-lint: disable-next-line(incorrect-shift): one shifted by the position is the mask wanted here.
        return _consumed[id >> 8] & (1 << (id & 0xff)) != 0;
    }

    /// @dev One pass. The bitmap word of the last id is held back and written when another one is needed; a run of
    /// words to one recipient is credited when it ends. The arithmetic cannot overflow: calldata holds less than 2^32
    /// words of less than 2^48 units.
    function _consumeAndCredit(bytes32[] calldata words, uint256 itemLimitUnits)
        private
        returns (uint256 unitsMinted, uint256 skipped)
    {
        uint256 index = NO_INDEX;
        uint256 bits = 0;
        uint256 recipient = 0;
        uint256 runUnits = 0;
        unchecked {
            (uint256 cursor, uint256 end) = _bounds(words);
            for (; cursor < end; cursor += 32) {
                uint256 word = _wordAt(cursor);
                uint256 id = (word >> 48) & type(uint48).max;
                if (id >> 8 != index) {
                    if (index != NO_INDEX) _consumed[index] = bits;
                    index = id >> 8;
                    bits = _bitsAt(index);
                }
                // forge-lint: disable-next-line(incorrect-shift): one shifted by the position is the mask wanted here.
                uint256 bit = 1 << (id & 0xff);
                if (bits & bit != 0) {
                    ++skipped;
                    // An id has 48 bits.
                    // forge-lint: disable-next-line(unsafe-typecast)
                    emit RewardSkipped(uint48(id));
                    continue;
                }
                bits |= bit;
                if (word >> 96 != recipient) {
                    if (runUnits != 0) {
                        unitsMinted += runUnits;
                        _creditRun(recipient, runUnits);
                        runUnits = 0;
                    }
                    recipient = word >> 96;
                }
                word &= type(uint48).max;
                runUnits += word;
                // Zero units wrap round to the largest number, so that one comparison refuses both ends.
                if (word - 1 >= itemLimitUnits) revert EcoToken_ItemUnitsRefused(word, itemLimitUnits);
            }
            if (runUnits != 0) _creditRun(recipient, runUnits);
            unitsMinted += runUnits;
        }
        if (index != NO_INDEX) _consumed[index] = bits;
    }

    /// @dev Where the words lie in calldata. Proof: items of a `bytes32[] calldata` are 32 bytes each, without gaps,
    /// from `words.offset` (ABI specification), and the compiler has checked that all of them are inside calldata.
    function _bounds(bytes32[] calldata words) private pure returns (uint256 start, uint256 end) {
        assembly ("memory-safe") {
            start := words.offset
            end := add(words.offset, shl(5, words.length))
        }
    }

    /// @dev `words[i]` without its bounds check, which costs 45 gas per reward. Proof: the only caller keeps `cursor`
    /// at `start + 32 i` with `i < words.length`, see `_bounds`. test_WordsAreReadAsSolidityReadsThem compares.
    function _wordAt(uint256 cursor) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := calldataload(cursor)
        }
    }

    /// @dev No balance passes the supply, and the supply is checked against 96 bits before the call ends.
    function _creditRun(uint256 recipient, uint256 units) private {
        // A word shifted by 96 bits is an address.
        // forge-lint: disable-next-line(unsafe-typecast)
        address citizen = address(uint160(recipient));
        Account storage account = _accounts[citizen];
        AccountSlot held = account.slot;
        if (!held.isCitizen()) revert EcoToken_NotCitizen(citizen);
        unchecked {
            account.slot = AccountSlots.citizenMoved(held.units() + units, _today());
        }
        emit Transfer(address(0), citizen, units);
    }

    /// @dev All ids of one bitmap word are of one incarnation.
    function _bitsAt(uint256 index) private view returns (uint256) {
        uint256 made = (index << 8).incarnationOf();
        uint256 opened = _head.incarnation();
        if (made == 0 || made > opened) revert EcoToken_IncarnationUnknown(made, opened);
        return _consumed[index];
    }

    function _unitsWithin(bytes32 word, uint256 itemLimitUnits) private pure returns (uint256 units) {
        units = word.unitsOf();
        unchecked {
            // `1 <= units <= limit` in one comparison: zero wraps round to the largest number.
            if (units - 1 >= itemLimitUnits) revert EcoToken_ItemUnitsRefused(units, itemLimitUnits);
        }
    }

    function _underCeiling(HeadSlot head, uint256 units) private view returns (uint256 todayUnits) {
        todayUnits = units + head.mintedUnitsOn(_today());
        if (todayUnits > _DAILY_CEILING_UNITS) revert EcoToken_DailyCeilingExceeded(todayUnits, _DAILY_CEILING_UNITS);
    }

    function _occursBefore(bytes32[] calldata words, uint256 position) private pure returns (bool) {
        uint256 id = words[position].idOf();
        for (uint256 i = 0; i < position; ++i) {
            if (words[i].idOf() == id) return true;
        }
        return false;
    }
}
