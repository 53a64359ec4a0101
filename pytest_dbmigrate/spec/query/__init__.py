"""What can be told of one statement before it runs: may it run, and what can it return."""
