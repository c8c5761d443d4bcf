"""SMS capped: the day's text messages are spent, by all together or by one client, whose key may have been stolen."""

from collections.abc import Iterator
from datetime import timedelta

from app.channels.kinds import SMS
from app.watch.rule import Rule, Situation, Trouble

DAY = timedelta(days=1)


def _find(situation: Situation) -> Iterator[Trouble]:
    policy = situation.policy
    with situation.store.reading() as uow:
        clients = uow.access.client_names()
        spent = uow.attempts.sent_counts_since(SMS.name, situation.now - DAY, targets=["", *clients])
    if sum(spent.values()) >= policy.sms_per_day:
        yield Trouble("sms_capped", f"今日短信已达上限 {policy.sms_per_day} 条，后续短信暂停发送。")
    for client, count in sorted(spent.items()):
        if count >= policy.sms_per_client_per_day:
            name = clients.get(client, client)
            text = f"渠道 {name} 今日短信已达上限 {policy.sms_per_client_per_day} 条，后续暂停，请确认密钥没有被盗用。"
            yield Trouble("sms_capped", text, subject=client)


SMS_CAPPED = Rule(name="sms_capped", level="orange", find=_find)
