"""Files of main systems as a merchant would write them."""

JUSHUITAN = """
kind = "jushuitan"
[access]
app_key = "lb-app-01"
[secrets]
app_secret = "JST_SECRET"
access_token = "JST_TOKEN"
[shops]
"*" = "101"
"天猫" = "102"
"""
WANGDIANTONG = """
kind = "wangdiantong"
[access]
sid = "lbsid"
key = "lbkey"
[secrets]
secret = "WDT_SECRET"
[shops]
"*" = "LB_SHOP"
[options]
pay_method = "1"
"""
GUANYI = """
kind = "guanyi"
[access]
appkey = "lbkey"
[secrets]
sessionkey = "GUANYI_SESSION"
secret = "GUANYI_SECRET"
[shops]
"*" = "SHOP1"
[options]
warehouse_code = "W1"
vip_code = "LIFEBOAT"
express_code = "YTO"
pay_type_code = "alipay"
"""
