"""How commands are carried out: queues, turns and their tries, rehearsal."""
