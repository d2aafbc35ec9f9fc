"""What people reach for first, and what came beside Raft: elections without a replicated log.

Bully and ring elect on the assumption that messages arrive in time; Multi-Paxos, Viewstamped Replication
and Omni-Paxos need a majority. Here each elects a leader and keeps it; what the leader is for is the
workload's business. README.md in this folder says which rule comes from where.
"""
