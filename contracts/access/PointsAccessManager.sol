// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @title Who may call what
/// @author Calanque
/// @notice OpenZeppelin's manager unchanged, under a name of ours so that the build knows it.
contract PointsAccessManager is AccessManager {
    constructor(address initialAdmin) AccessManager(initialAdmin) {}
}
