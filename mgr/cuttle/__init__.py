"""Cuttle's links as the cluster's manager sees them: `ceph mgr module enable cuttle`."""
from .module import Module

__all__ = ["Module"]
