"""The words of the audit: what somebody did, by which way, and what the details of it are called."""

from app.words.labels import Sentences

ACTIONS = Sentences(
    {
        "order.unmask": "查看客户信息",
        "order.release": "放行订单",
        "order.mark_duplicate": "判定重复单",
        "order.cancel": "取消订单",
        "order.reject": "人工关闭订单",
        "order.complete": "补全订单资料",
        "order.correct": "更正订单结果",
        "order.settle_contradiction": "裁定矛盾的结果",
        "order.claim": "认领订单",
        "order.handled": "订单已处理",
        "order.let_go": "放开订单",
        "order.undo_decision": "撤销裁定",
        "batch.make": "手动出批",
        "batch.download": "下载批次文件",
        "batch.repair": "生成补录批次",
        "results.import": "导入结果",
        "incident.open": "开启事件",
        "incident.close": "关闭事件",
        "alert.claim": "认领告警",
        "alert.silence": "静默告警",
        "alert.unsilence": "解除静默",
        "messages.retry": "重发消息",
        "channel.hold": "暂停渠道",
        "channel.release": "恢复渠道",
        "coupons.import": "导入券码",
        "coupons.generate": "生成券码",
        "spool.salvage": "抢救暂存文件",
        "spool.retry": "重试暂存记录",
        "spool.give_up": "放弃暂存记录",
        "user.sign_in": "登录",
        "user.add": "新增账号",
        "user.set_password": "设置密码",
        "user.set_role": "改角色",
        "user.disable": "停用账号",
        "user.enable": "启用账号",
        "user.end_sessions": "退出所有登录",
        "client.add": "新增渠道",
        "client.rotate": "更换密钥",
        "client.revoke": "吊销密钥",
        "kiosk.make": "生成大屏链接",
        "kiosk.connect": "接入大屏",
        "kiosk.revoke": "停用大屏",
        "audit.export": "导出审计",
        "order.export": "导出订单列表",
    }
)
"""What somebody did, in the order in which it is offered as a filter."""
WAYS = Sentences({"cli": "命令行", "http": "接口", "console": "控制台", "system": "系统", "": "—"})
"""By which way in somebody acted."""
DETAILS = Sentences(
    {
        "sentence": "说明",
        "reason": "原因",
        "why": "原因",
        "name": "名称",
        "role": "角色",
        "before": "之前",
        "scope": "权限",
        "format": "格式",
        "rows": "行数",
        "count": "条数",
        "added": "新增",
        "orders": "订单数",
        "batch": "批次",
        "file": "文件",
        "text": "内容",
        "rule": "规则",
        "about": "关于",
        "until": "到",
        "since": "从",
        "whole": "完整",
        "subject": "对象",
        "actor": "谁",
        "action": "动作",
        "numbers": "单号",
    }
)
"""What the details of a deed are called."""
