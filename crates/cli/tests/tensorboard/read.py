"""Prints what TensorBoard's own reader finds in a directory of events, as one JSON document."""

import json
import struct
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

found = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "histograms": 0, "images": 0})
found.Reload()
tags = found.Tags()
print(
    json.dumps(
        {
            "scalars": {tag: [[e.step, e.value] for e in found.Scalars(tag)] for tag in tags["scalars"]},
            "histograms": {
                tag: [[e.step, e.histogram_value.num, e.histogram_value.min, e.histogram_value.max,
                       sum(e.histogram_value.bucket)] for e in found.Histograms(tag)]
                for tag in tags["histograms"]
            },
            # Width and height as the picture itself has them.
            "images": {
                tag: [[e.step, e.width, e.height, *struct.unpack(">II", e.encoded_image_string[16:24])]
                      for e in found.Images(tag)]
                for tag in tags["images"]
            },
        }
    )
)
