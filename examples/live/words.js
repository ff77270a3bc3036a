// What the page says, in English and Korean.

const WORDS = {
  en: {
    title: 'Swapper live',
    intro: 'Your webcam with somebody else’s face, swapped in this browser: no picture leaves this machine.',
    person: 'Person',
    personHint: 'The network of one person, made in the app’s Live tab, or from photos by this command:',
    choose: 'Choose or drop face.onnx',
    chosen: '{name}: {size} px, {megabytes} MB',
    consent: 'Everyone whose face I use has agreed to it, and I will not deceive anybody with the results.',
    camera: 'Webcam',
    cameraHint: 'Start asks for the camera; Stop lets go of it.',
    start: 'Start',
    stop: 'Stop',
    mirror: 'Mirror the picture',
    live: 'Live',
    liveHint: 'Only the face changes; all else stays as the camera sees it.',
    empty: 'Your picture appears here.',
    alt: 'The webcam’s picture with the swapped face',
    loading: 'Loading the networks…',
    ready: 'Ready',
    searching: 'looking for a face: come closer, and face the camera',
    stopped: 'Stopped.',
    rate: 'frames/s',
    latency: 'latency',
    label: 'AI face swap',
    allow: 'Load it from there',
    language: '한국어',
    problem: {
      noConsent: 'Consent has not been given yet. Tick the box, then start.',
      noFile: 'Person: no network yet. Choose a face.onnx, then start.',
      noPerson: '{name}: this is no network of a person. Choose a file written by “python -m swapper export”.',
      otherFit: '{name}: this page cannot cut faces for its weights. Export the person with the shipped ones.',
      damaged: '{name}: the network cannot be run. Export it again.',
      missing: '{name}: it could not be loaded. Put it beside this page.',
      foreign: 'Address “{name}”: it leads to another server. Give a folder or file of this page’s own server.',
      elsewhere: 'ONNX Runtime {version}: it is not on this page’s server. Load it from {host}, 14 MB, which then ' +
        'learns your address but sees no picture, or put its files into the folder ort beside this page.',
      runtime: 'ONNX Runtime {version}: it could not be loaded whole from {folder}. Check the connection, or put its ' +
        'files on this page’s server and open the page with ?ort=FOLDER/.',
      refused: 'Camera: the browser was not allowed to use it. Allow it beside the address and start again.',
      noCamera: 'Camera: none was found. Connect one and start again.',
      busy: 'Camera: it gives no picture. Close other programs that use it and start again.',
      insecure: 'Camera: browsers offer it to secure pages only. Open this page over https or on localhost.',
    },
  },
  ko: {
    title: 'Swapper 라이브',
    intro: '웹캠 속 얼굴을 이 브라우저 안에서 다른 사람의 얼굴로 바꿉니다. 영상은 이 기기를 떠나지 않습니다.',
    person: '인물',
    personHint: '한 사람의 네트워크입니다. 앱의 실시간 탭에서 만들거나, 사진으로 다음 명령을 실행해 만듭니다.',
    choose: 'face.onnx 선택 또는 끌어다 놓기',
    chosen: '{name}: {size} px, {megabytes} MB',
    consent: '제가 사용하는 얼굴의 주인은 모두 동의했으며, 결과물로 누구도 속이지 않겠습니다.',
    camera: '웹캠',
    cameraHint: '시작을 누르면 카메라 사용을 묻고, 중지를 누르면 카메라를 놓아 줍니다.',
    start: '시작',
    stop: '중지',
    mirror: '좌우 반전',
    live: '라이브',
    liveHint: '얼굴만 바뀌고 나머지는 카메라에 보이는 그대로입니다.',
    empty: '여기에 영상이 나타납니다.',
    alt: '얼굴이 바뀐 웹캠 영상',
    loading: '네트워크를 불러오는 중…',
    ready: '준비됨',
    searching: '얼굴을 찾는 중입니다. 가까이 와서 카메라를 바라보세요',
    stopped: '중지되었습니다.',
    rate: '프레임/초',
    latency: '지연',
    label: 'AI face swap',
    allow: '거기서 불러오기',
    language: 'English',
    problem: {
      noConsent: '동의: 아직 동의하지 않았습니다. 상자에 표시한 뒤 시작하세요.',
      noFile: '인물: 아직 네트워크가 없습니다. face.onnx를 선택한 뒤 시작하세요.',
      noPerson: '{name}: 인물 네트워크가 아닙니다. “python -m swapper export”로 만든 파일을 선택하세요.',
      otherFit: '{name}: 이 페이지는 이 가중치에 맞게 얼굴을 자를 수 없습니다. 기본 가중치로 인물을 내보내세요.',
      damaged: '{name}: 네트워크를 실행할 수 없습니다. 다시 내보내세요.',
      missing: '{name}: 불러올 수 없습니다. 이 페이지 옆에 두세요.',
      foreign: '주소 “{name}”: 다른 서버를 가리킵니다. 이 페이지 서버의 폴더나 파일을 지정하세요.',
      elsewhere: 'ONNX Runtime {version}: 이 페이지의 서버에 없습니다. {host}에서 14MB를 불러오거나(그 서버는 주소를 알게 되지만 ' +
        '영상은 보지 못합니다), 파일을 이 페이지 옆 ort 폴더에 두세요.',
      runtime: 'ONNX Runtime {version}: {folder}에서 온전히 불러올 수 없습니다. 연결을 확인하거나 파일을 이 페이지의 ' +
        '서버에 두고 ?ort=FOLDER/ 를 붙여 여세요.',
      refused: '카메라: 브라우저에서 허용되지 않았습니다. 주소창 옆에서 허용한 뒤 다시 시작하세요.',
      noCamera: '카메라: 찾을 수 없습니다. 연결한 뒤 다시 시작하세요.',
      busy: '카메라: 영상이 나오지 않습니다. 카메라를 쓰는 다른 프로그램을 닫고 다시 시작하세요.',
      insecure: '카메라: 보안 페이지에서만 쓸 수 있습니다. https 또는 localhost로 이 페이지를 여세요.',
    },
  },
};

const asked = new URLSearchParams(location.search).get('lang') ?? navigator.language ?? 'en';
let language = asked.toLowerCase().startsWith('ko') ? 'ko' : 'en';

const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

export const say = (key, values = {}) => filled(WORDS[language][key], values);

// Something the user can put right; thrown with its key, shown in the language of the moment.
export class Problem extends Error {
  constructor(key, values = {}) {
    super(filled(WORDS.en.problem[key], values));
    Object.assign(this, {key, values});
  }

  get sentence() {
    return filled(WORDS[language].problem[this.key], this.values);
  }
}

// Writes the words into the page: into elements with data-say.
export function translate() {
  document.documentElement.lang = language;
  document.title = say('title');
  for (const element of document.querySelectorAll('[data-say]')) element.textContent = say(element.dataset.say);
  for (const element of document.querySelectorAll('[data-label]')) {
    element.setAttribute('aria-label', say(element.dataset.label));
  }
}

export function switchLanguage() {
  language = language === 'ko' ? 'en' : 'ko';
  translate();
}
