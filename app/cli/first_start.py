"""What the first start makes and says: a storefront key, a first account, and a curl that works when pasted."""

import os
from pathlib import Path

from app.access.accounts import add_user
from app.access.clients import add_client
from app.bootstrap import Lifeboat
from app.cli.language import said
from app.domain.actor import SYSTEM

FIRST_CLIENT = "first-shop"
FIRST_USER = "admin"

_SAMPLE = (
    '{"client_order_id":"TEST-0001","phone":"13800138000",'
    '"items":[{"sku":"A-1001","name":"跑步鞋 42","quantity":1,"unit_price":"599.00"}],"total":"599.00"}'
)


def key_file(data_dir: Path) -> Path:
    """Return where the first storefront key is kept (0600), for the README's curl."""
    return data_dir / "secrets" / "storefront_key"


def greet(boat: Lifeboat) -> str:
    """Make what a first start needs and return what people should know."""
    settings = boat.settings
    lines = [
        said("Lifeboat 订单救生艇已就绪"),
        said("  下单地址：{base}/v1/orders", base=settings.public_base),
        said("  控制台：　{base}/console", base=settings.public_base),
    ]
    now = boat.clock.now()
    with boat.store.writing() as uow:
        if not uow.access.clients():
            issued = add_client(uow, FIRST_CLIENT, scope="intake", drill=False, by=SYSTEM, now=now)
            _keep(key_file(settings.data_dir), issued.key)
            lines.append(
                said(
                    "  渠道密钥（{client}，只显示这一次，另存于 {file}）：\n    {key}",
                    client=FIRST_CLIENT,
                    file=key_file(settings.data_dir),
                    key=issued.key,
                )
            )
            lines += [said("  试下一单："), _curl(settings.public_base, issued.key)]
        else:
            lines.append(said("  渠道密钥：　已发放过；新增请用 lifeboat clients add 名称"))
        if not uow.access.user_count():
            password = add_user(uow, FIRST_USER, role="admin", by=SYSTEM, now=now)
            lines.append(
                said(
                    "  控制台账号：{user}　首次密码（只显示这一次，登录后须修改）：{password}",
                    user=FIRST_USER,
                    password=password,
                )
            )
    return "\n".join(lines)


def _curl(base: str, key: str) -> str:
    return (
        f"    curl -i -X POST {base}/v1/orders \\\n"
        f"      -H 'Authorization: Bearer {key}' \\\n"
        f"      -H 'Content-Type: application/json' \\\n"
        f"      -d '{_SAMPLE}'"
    )


def _keep(path: Path, key: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(key + "\n")
