#pragma once

namespace imagenode {

/// Tells OpenCV and the FFmpeg below it what suits a node: no threads of their own (each camera has one, and a small
/// computer has few cores), and no warnings beside our log. What the user set in the environment stays.
/// Call first in main, before any thread starts.
void set_up_opencv();

}  // namespace imagenode
