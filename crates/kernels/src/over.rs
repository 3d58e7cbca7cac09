//! What a normalisation takes its statistics over.

/// What a normalisation of `[batch, spatial, channels]` takes mean and variance over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Per channel, the batch and its positions: batch norm (Ioffe & Szegedy 2015, algorithm 1).
    Batch,
    /// Per image, its positions and the `channels / groups` consecutive channels of a group: group norm (Wu & He 2018,
    /// eq. (1)–(7)). One group is layer norm over positions and channels, as many groups as channels are instance norm.
    Groups(usize),
    /// Nothing: the mean is 0 and the deviation is 1.
    Nothing,
}

impl Over {
    /// Means, and variances, of a batch.
    pub(crate) fn sets(self, batch: usize, channels: usize) -> usize {
        match self {
            Self::Batch => channels,
            Self::Groups(groups) => batch * groups,
            Self::Nothing => 0,
        }
    }

    /// Asserts that channels fall into equal groups.
    ///
    /// # Panics
    /// If they do not.
    pub fn check_channels(self, channels: usize) {
        if let Self::Groups(groups) = self {
            assert!(
                groups > 0 && channels.is_multiple_of(groups),
                "{channels} channels do not fall into {groups} equal groups"
            );
        }
    }

    /// # Panics
    /// If there are statistics of nothing, or channels that do not fall into equal groups.
    pub(crate) fn check(self, [batch, spatial, channels]: [usize; 3]) {
        assert!(channels > 0, "a normalisation has at least one channel");
        self.check_channels(channels);
        let positions = match self {
            Self::Batch => batch * spatial,
            Self::Groups(_) => spatial,
            Self::Nothing => 1,
        };
        assert!(positions > 0, "a normalisation of [{batch}, {spatial}, {channels}] has no statistics");
    }
}
