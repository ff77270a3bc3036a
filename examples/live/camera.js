// The camera and the microphone.
import {Problem, say} from './words.js';

const REFUSED = {NotAllowedError: 'refused', NotFoundError: 'noCamera', OverconstrainedError: 'noSize'};

// A stream of the camera with this id (any, where it is empty), as near to the size as it can.
export async function openCamera(device, [width, height]) {
  if (!navigator.mediaDevices) throw new Problem('insecure');
  const which = device ? {deviceId: {exact: device}} : {facingMode: 'user'};
  const video = {...which, width: {ideal: width}, height: {ideal: height}};
  try {
    return await navigator.mediaDevices.getUserMedia({audio: false, video});
  } catch (error) {
    if (error instanceof DOMException) throw new Problem(REFUSED[error.name] ?? 'busy');
    throw error;
  }
}

export async function openMicrophone() {
  try {
    return await navigator.mediaDevices.getUserMedia({audio: true, video: false});
  } catch (error) {
    if (error instanceof DOMException) throw new Problem('noSound');
    throw error;
  }
}

// Offers the cameras, whose names a browser tells once one was allowed; the one in use is the chosen one.
export async function listCameras(select, stream) {
  const devices = await navigator.mediaDevices.enumerateDevices();
  const cameras = devices.filter(device => device.kind === 'videoinput' && device.deviceId);
  const used = stream.getVideoTracks()[0]?.getSettings().deviceId;
  if (!cameras.length) return;
  select.replaceChildren(...cameras.map((camera, number) => {
    const option = new Option(camera.label || say('cameraNumber', {number: number + 1}), camera.deviceId);
    option.selected = camera.deviceId === used;
    return option;
  }));
}
