"""The words of the warehouse's hours: the days of the week, by their number."""

from app.words.labels import Sentences

WEEKDAYS = Sentences({"1": "周一", "2": "周二", "3": "周三", "4": "周四", "5": "周五", "6": "周六", "7": "周日"})
