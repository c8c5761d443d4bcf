"""How fast the door is, measured against what people would otherwise write; ratios only, from interleaved runs."""
