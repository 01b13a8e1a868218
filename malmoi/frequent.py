"""The most frequent of very many words, without keeping the others."""

import heapq


class Top:
    """The `size` most frequent of the words that are added in their order, and sums over all of them; without counts they do not matter."""

    def __init__(self, size: int) -> None:
        self._size, self._heap = size, list[tuple[int, int, str]]()
        self.total = self.distinct = 0

    def add(self, word: str, count: int) -> None:
        """One word more; of equally frequent ones the earlier stay."""
        if not count:
            return
        self.total += count
        self.distinct += 1
        entry = (count, -self.distinct, word)
        if len(self._heap) < self._size:
            heapq.heappush(self._heap, entry)
        elif entry > self._heap[0]:
            heapq.heapreplace(self._heap, entry)

    @property
    def counts(self) -> dict[str, int]:
        """By falling count, equal ones in the order of the words."""
        return {word: count for count, _, word in sorted(self._heap, reverse=True)}
