"""What staff are told, by the command and by pages alike: the words, and the names that they need."""
