"""What the door is measured against."""
