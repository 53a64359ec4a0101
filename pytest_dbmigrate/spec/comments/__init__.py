"""What a file's comments say, and of which statement: keys, phrases, titles."""
