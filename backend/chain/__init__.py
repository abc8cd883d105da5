"""The only room that knows web3: node client, deployment, encoding and decoding of calls."""
