// SPDX-License-Identifier: EUPL-1.2
pragma solidity 0.8.37;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20 as SoladyERC20} from "solady/tokens/ERC20.sol";

/// @title What most projects deploy, for the gas report
contract OpenZeppelinToken is ERC20, Ownable {
    constructor() ERC20("Baseline", "BASE") Ownable(msg.sender) {}

    function mint(address to, uint256 units) external onlyOwner {
        _mint(to, units);
    }

    function mintBatch(address[] calldata to, uint256[] calldata units) external onlyOwner {
        for (uint256 i = 0; i < to.length; ++i) {
            _mint(to[i], units[i]);
        }
    }
}

/// @title The leanest known ERC-20, for the gas report
contract SoladyToken is SoladyERC20, Ownable {
    constructor() Ownable(msg.sender) {}

    function mintBatch(address[] calldata to, uint256[] calldata units) external onlyOwner {
        for (uint256 i = 0; i < to.length; ++i) {
            _mint(to[i], units[i]);
        }
    }

    function name() public pure override returns (string memory) {
        return "Baseline";
    }

    function symbol() public pure override returns (string memory) {
        return "BASE";
    }
}
