// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IEcoToken} from "./interfaces/IEcoToken.sol";
import {AccountSlot} from "./libraries/AccountSlot.sol";
import {PaymentAuthorizations} from "./token/PaymentAuthorizations.sol";
import {RewardMinting} from "./token/RewardMinting.sol";

/// @title Closed-loop points of the metropolis
/// @author Calanque
/// @notice Joins books, minting and payments; adds recovery, expiry and the two switches.
/// @dev Immutable, no proxy. Who may call what is data of the access manager: scripts/chain/manifest.
contract EcoToken is RewardMinting, PaymentAuthorizations {
    /// @dev 24 months, leap day included.
    uint256 private constant IDLE_DAYS = 731;

    constructor(address authority, uint256 ceilingUnits) AccessManaged(authority) RewardMinting(ceilingUnits) {}

    /// @inheritdoc IEcoToken
    function burnUnits(uint256 units) external onlyKind(KIND_DESK) {
        _burn(msg.sender, units);
    }

    /// @inheritdoc IEcoToken
    function recover(address previous, address replacement) external restricted {
        _requireSpendOpen();
        _requireCitizen(previous);
        _requireCitizen(replacement);
        uint256 units = _accounts[previous].slot.units();
        // A balance of exactly zero is what is meant; nobody can send dust in a closed loop.
        // slither-disable-next-line incorrect-equality
        if (replacement == previous || units == 0) {
            revert EcoToken_RecoveryRefused(previous, replacement);
        }
        emit Recovered(previous, replacement, units);
        _move(previous, replacement, units);
    }

    /// @inheritdoc IEcoToken
    function expireIdle(address[] calldata accounts) external restricted returns (uint256 unitsExpired) {
        for (uint256 i = 0; i < accounts.length; ++i) {
            AccountSlot held = _accounts[accounts[i]].slot;
            uint256 units = held.units();
            // The list was made before the delay of this role: who moved since, or was paid, keeps the points.
            bool isIdle = held.isCitizen() && _today() >= held.lastMovedDay() + IDLE_DAYS;
            if (!isIdle || units == 0) continue;
            unitsExpired += units;
            emit IdleExpired(accounts[i], units);
            _burn(accounts[i], units);
        }
    }

    /// @inheritdoc IEcoToken
    function setKind(address account, uint8 kind) external restricted {
        AccountSlot held = _accounts[account].slot;
        bool isOpening = held.isCitizen() && held.units() == 0 && kind != KIND_CITIZEN && kind < KIND_CLOSED;
        bool isClosing = !held.isCitizen() && held.kind() != KIND_CLOSED && kind == KIND_CLOSED;
        if (!isOpening && !isClosing) revert EcoToken_KindRefused(account, kind);
        _accounts[account].slot = held.withKind(kind);
        emit KindSet(account, kind);
    }

    /// @inheritdoc IEcoToken
    function pauseMint() external restricted {
        _setMintPaused(true);
    }

    /// @inheritdoc IEcoToken
    function unpauseMint() external restricted {
        _setMintPaused(false);
    }

    /// @inheritdoc IEcoToken
    function pauseSpend() external restricted {
        _setSpendPaused(true);
    }

    /// @inheritdoc IEcoToken
    function unpauseSpend() external restricted {
        _setSpendPaused(false);
    }

    /// @inheritdoc IEcoToken
    function mintPaused() external view returns (bool) {
        return _head.isMintPaused();
    }

    /// @inheritdoc IEcoToken
    function spendPaused() external view returns (bool) {
        return _head.isSpendPaused();
    }

    function _setMintPaused(bool isPaused) private {
        _head = _head.withMintPaused(isPaused);
        emit MintPauseChanged(isPaused, msg.sender);
    }

    function _setSpendPaused(bool isPaused) private {
        _head = _head.withSpendPaused(isPaused);
        emit SpendPauseChanged(isPaused, msg.sender);
    }
}
