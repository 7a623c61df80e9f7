"""The members of a push: who is there, who has signed, who is given up."""
