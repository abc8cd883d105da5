import ast
from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from tests.support.code import modules
from wallet_service import schemas

SENT: dict[str, type[BaseModel]] = {
    "sign_transaction": schemas.TransactionIn,
    "sign_authorisation": schemas.AuthorizationIn,
    "/v1/accounts": schemas.AccountIn,
    "/v1/policy/deployment": schemas.DeploymentIn,
}


def _sent_by_jobs() -> Iterator[tuple[str, set[str]]]:
    """Find each dictionary that the jobs runner writes for the wallet service."""
    for module in modules("backend"):
        for call in ast.walk(module.tree):
            if module.room != "jobs" or not isinstance(call, ast.Call):
                continue
            words = [argument.value for argument in call.args if isinstance(argument, ast.Constant)]
            name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            for body in call.args:
                if isinstance(body, ast.Dict):
                    keys = {key.value for key in body.keys if isinstance(key, ast.Constant)}
                    yield from (
                        (str(to), set(map(str, keys))) for to in [name, *words] if to in SENT
                    )


@pytest.mark.parametrize("target", SENT)
def test_what_jobs_send_is_what_the_wallet_service_reads(target: str) -> None:
    model = SENT[target]
    required = {name for name, field in model.model_fields.items() if field.is_required()}

    sent = [keys for name, keys in _sent_by_jobs() if name == target]

    assert sent
    assert all(required <= keys <= set(model.model_fields) for keys in sent), sent
