import ast
from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from tests.support.code import modules
from wallet_service import schemas

SENT: dict[str, type[BaseModel]] = {
    "fields_of": schemas.TransactionIn,
    "sign_authorisation": schemas.AuthorizationIn,
    "sign_cancellation": schemas.CancellationIn,
    "/v1/accounts": schemas.AccountIn,
    "/v1/policy/deployment": schemas.DeploymentIn,
}


def _sent_by_jobs() -> Iterator[tuple[str, set[str]]]:
    """Find each dictionary that the jobs runner writes for the wallet service."""
    for module in modules("backend"):
        if module.room == "jobs":
            for node in ast.walk(module.tree):
                for name in _names(node) & SENT.keys():
                    yield from ((name, keys) for keys in _dictionaries(node))


def _names(node: ast.AST) -> set[str]:
    """The function that a node defines or calls, and the words that it is called with."""
    if isinstance(node, ast.FunctionDef):
        return {node.name}
    if not isinstance(node, ast.Call):
        return set()
    words = {str(item.value) for item in node.args if isinstance(item, ast.Constant)}
    return words | {ast.unparse(node.func).rpartition(".")[2]}


def _dictionaries(node: ast.AST) -> Iterator[set[str]]:
    bodies: list[ast.AST | None] = []
    if isinstance(node, ast.Call):
        bodies += node.args
    elif isinstance(node, ast.FunctionDef):
        bodies += [part.value for part in ast.walk(node) if isinstance(part, ast.Return)]
    for body in bodies:
        if isinstance(body, ast.Dict):
            yield {str(key.value) for key in body.keys if isinstance(key, ast.Constant)}


@pytest.mark.parametrize("target", SENT)
def test_what_jobs_send_is_what_the_wallet_service_reads(target: str) -> None:
    model = SENT[target]
    required = {name for name, field in model.model_fields.items() if field.is_required()}

    sent = [keys for name, keys in _sent_by_jobs() if name == target]

    assert sent
    assert all(required <= keys <= set(model.model_fields) for keys in sent), sent
