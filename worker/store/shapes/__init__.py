"""What whoever looks is answered with: pages of lists, and pictures as numbers.

learnings    a page of learnings
learning     one learning: arms, over time, texts, records; sessions in sums
sessions     sessions that are looked for
experiments  all experiments together
"""
