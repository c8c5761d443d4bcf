"""What other lines would have told: past days judged again, minute by minute, by the rules and lives of today."""
