"""Mistakes that were made with group robots elsewhere: a group that hears nothing, and nobody who notices."""

from tests.failure.mutants.mutant import Edit, Mutant

FEISHU = "app/channels/group/feishu.py"
DINGTALK = "app/channels/group/dingtalk.py"
CONTRACT = "tests/contract/test_channels_every_robot.py"
KINDS = "tests/engines/notify/test_kinds_of_groups.py"

MUTANTS = (
    Mutant(
        "Feishu signed with DingTalk's way",
        "P9",
        (Edit(FEISHU, 'hmac.new(key, b"", hashlib.sha256)', "hmac.new(secret.encode(), key, hashlib.sha256)"),),
        (
            "tests/contract/test_channels_feishu.py::test_the_signature_is_the_published_one",
            f"{CONTRACT}::test_a_message_is_delivered_with_and_without_mentions[feishu]",
        ),
    ),
    Mutant(
        "Feishu judged by its HTTP status",
        "P9",
        (
            Edit(
                FEISHU,
                "        if type(code) is not int or",
                "        if answer.status_code == httpx.codes.OK:\n            return Delivered()\n        if type(code) is not int or",
            ),
        ),
        (
            f"{CONTRACT}::test_a_good_status_without_a_code_delivers_nothing",
            f"{CONTRACT}::test_a_message_at_fault_is_told_from_a_channel_at_fault[feishu]",
        ),
    ),
    Mutant(
        "DingTalk judged by its HTTP status",
        "P9",
        (
            Edit(
                DINGTALK,
                "        if code is None or",
                "        if answer.status_code == httpx.codes.OK:\n            return Delivered()\n        if code is None or",
            ),
        ),
        (
            f"{CONTRACT}::test_a_good_status_without_a_code_delivers_nothing",
            f"{CONTRACT}::test_a_message_at_fault_is_told_from_a_channel_at_fault[dingtalk]",
        ),
    ),
    Mutant(
        "DingTalk signed in seconds",
        "P9",
        (Edit(DINGTALK, "int(now.timestamp() * 1000)", "int(now.timestamp())"),),
        (f"{CONTRACT}::test_a_message_is_delivered_with_and_without_mentions[dingtalk]",),
    ),
    Mutant(
        "DingTalk's signature goes into the address as it is",
        "P9",
        (Edit(DINGTALK, "quote_plus(sign(timestamp, secret))", "sign(timestamp, secret)"),),
        ("tests/contract/test_channels_dingtalk.py::test_every_attempt_is_signed_at_its_own_moment_and_encoded_once",),
    ),
    Mutant(
        "a signature is made once for all attempts",
        "P9",
        (
            Edit(FEISHU, "        self._clock = clock\n", "        self._clock, self._began = clock, clock.now()\n"),
            Edit(FEISHU, "        now = self._clock.now()\n", "        now = self._began\n"),
        ),
        ("tests/contract/test_channels_feishu.py::test_every_attempt_is_signed_at_its_own_moment",),
    ),
    Mutant(
        "only alerts hold the keyword",
        "P9 P16",
        (
            Edit(
                DINGTALK,
                "    said = DINGTALK.opening + ",
                '    said = (DINGTALK.opening if "【告警】" in message.content else "") + ',
            ),
        ),
        (f"{CONTRACT}::test_every_message_holds_the_keyword_also_the_all_clear",),
    ),
    Mutant(
        "batches are announced to Feishu at the very half hour",
        "P9",
        (
            Edit(
                "app/notify/compose.py",
                "due_at=now + KINDS[group.channel].announcement_delay(random.random()),",
                "due_at=now,",
            ),
        ),
        (
            "tests/engines/notify/test_compose.py::test_a_batch_is_announced_to_feishu_a_little_later_and_an_alert_at_once[sqlite]",
        ),
    ),
    Mutant(
        "a limit at the half hour counts as attempts",
        "P9",
        (
            Edit(
                FEISHU,
                'return verdict.after(self._busy_in_a_row - 1)(f"feishu:{code}")',
                'return unlisted(f"feishu:{code}")',
            ),
        ),
        ("tests/contract/test_channels_feishu.py::test_the_half_hour_is_waited_out",),
    ),
    Mutant(
        "a burst is not counted",
        "P9",
        (
            Edit(
                "app/notify/dispatch/group.py",
                "if burst is not None and not burst.free",
                "if burst is None and not pace.free",
            ),
        ),
        (f"{KINDS}::test_each_kind_is_held_to_its_own_pace[sqlite]",),
    ),
    Mutant(
        "what waits for a robot that is gone stays with its kind",
        "P9",
        (
            Edit(
                "app/notify/dispatch/sweep.py",
                "        for kind in GROUPS:\n",
                "        for kind in GROUPS:\n            if kind.name not in {channel for channel, _ in known}:\n                continue\n",
            ),
        ),
        (f"{KINDS}::test_what_was_composed_for_a_robot_that_is_gone_goes_to_one_of_another_kind",),
    ),
    Mutant(
        "a digest is handed to a robot whose messages are too short for it",
        "P9",
        (
            Edit(
                "app/notify/dispatch/group.py",
                "                divide_digest(uow, ready, limit=self._kind.text_bytes, now=now)\n",
                "",
            ),
        ),
        (f"{KINDS}::test_a_digest_made_for_longer_messages_is_divided_and_still_names_every_order[sqlite]",),
    ),
)
