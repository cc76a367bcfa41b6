"""What an auditor asks of histories, as pure functions over stored event bytes: nothing here reads a database or a clock."""
